import ReplicaStore

@testable import Following

/// What must hold of a follower.
extension FleetFollower {
    /// Holds what has just been shown against what the replicas had.
    func look() {
        guard let snapshot = store.snapshot else {
            shown = nil
            return
        }
        let position = snapshot.position
        guard position.epoch != shown?.epoch || position.seq != shown?.seq else { return }
        shown = position
        let state = table.state(of: snapshot)
        guard record.isOfReplica(position.epoch) else {
            return record.note(position.epoch, position.seq, state, after: provedRestarts)
        }
        guard !traits.altersItems, let expected = record.state(at: position), state != expected else { return }
        accuse("shows \(state) at \(position), where the replica had \(expected)")
    }

    func hear(_ news: FollowerSession.News) {
        tell("\(news)".prefix(160).description)
        switch news {
        case .loading: isMoving = false
        case .continuing(_, let isMoved): isMoving = isMoving || isMoved
        case .settled(let mark):
            isMoving = false
            judge(mark)
        case .differs(let words): difference = words
        default: break
        }
    }

    /// At a bookmark the contents are the upstream's.
    func judge(_ mark: UpstreamMark) {
        counts.bookmarks += 1
        provedRestarts = record.restarts(at: mark.position)
        guard let snapshot = store.snapshot else { return accuse("a bookmark was equal and nothing is shown") }
        let state = table.state(of: snapshot)
        if let digest = mark.digest, digest != snapshot.digest { accuse("the digest is not that of \(mark.position)") }
        guard let expected = record.state(at: mark.position) else {
            return accuse("nobody had a state at the bookmark \(mark.position)")
        }
        if !traits.altersItems, state != expected {
            accuse("has \(state) at the bookmark \(mark.position), where the upstream had \(expected)")
        }
    }

    /// Contents differ only where something was lost on purpose, or where the upstream of a move lacks a record that is late.
    func judgeDifference() {
        guard let words = difference else { return }
        difference = nil
        if mutation == .epochKeptAfterDifference { forgets = true }
        guard !isExcused else { return }
        // "at POSITION the upstream has …".
        let position = words.split(separator: " ").dropFirst().first.flatMap { Position(String($0)) }
        let theirs = position.flatMap { record.state(at: $0) }
        guard isMoving, traits.lateness > 0, let theirs, let snapshot = store.snapshot else {
            return accuse("differs without a cause: \(words)")
        }
        for key in theirs.indices where newest(key, in: snapshot).map({ $0 < theirs[key] }) ?? false {
            return accuse("lacks write \(theirs[key]) of k\(key), which the upstream has: \(words)")
        }
    }

    /// The write that a key holds, or the removal of it that is remembered; nil where it may be forgotten.
    func newest(_ key: Int, in snapshot: StoreSnapshot) -> Int? {
        guard let record = snapshot.newestState(of: table.keys[key]) else { return snapshot.horizon > 0 ? nil : -1 }
        let removal = record.version.flatMap(FleetTable.write(ofVersion:)) ?? -1
        return record.isTombstone ? removal : record.withPackedItem { table.write(ofPacked: Array($0)) }
    }

    func judgeContradiction() {
        // A difference is one too, and was judged when it was found.
        let contradictions = session.counts.contradictions - session.counts.differences
        defer { seenContradictions = contradictions }
        guard contradictions > seenContradictions, !isExcused else { return }
        accuse("finds a contradiction without a cause: \(session.trouble?.text ?? "")")
    }

    /// Whether a replica lost states, or two may show different items for one record.
    private var isExcused: Bool {
        traits.losesRecords || traits.altersItems || traits.readsItems || provedRestarts != record.restarts
    }

    func noteLate() {
        guard traits.lateness > 0 else { return }
        for write in max(0, table.writes.count - 30)..<table.writes.count where lacks(write) { late.insert(write) }
    }

    /// At rest it has what the table has, under the name of its upstream or under its own.
    func finish() {
        count()
        guard violations.isEmpty else { return }
        guard let snapshot = store.snapshot, let connection, let theirs = connection.upstream.store.snapshot else {
            return accuse("follows nobody in the end: \(session.trouble?.text ?? "no trouble")")
        }
        let state = table.state(of: snapshot)
        let expected = table.latest.map { $0 >= 0 && table.writes[$0].value != nil ? $0 : -1 }
        if state != expected { accuse("has \(state) in the end, not \(expected)") }
        if snapshot.digest != theirs.digest { accuse("the digests differ in the end") }
        let (mine, upstream) = (snapshot.position, theirs.position)
        if mine.epoch == upstream.epoch ? mine.seq != upstream.seq : record.isOfReplica(mine.epoch) {
            accuse("is at \(mine) in the end, and its upstream at \(upstream)")
        }
    }
}
