import ReplicaStore
import StateStore
import TableModel

/// The contents that are copied from an upstream, and how far they have been. Not Sendable: it belongs to the thread that follows.
///
/// `current` is what readers see. While contents are loaded, `loading` is filled beside it, and takes its place once it is proved. Contents of
/// a saved state are `current` from the start on, and nobody sees more of them than was saved before a bookmark has proved them.
final class FollowedContents {
    /// What became of a bookmark.
    enum Settling: Sendable, Hashable {
        /// The contents are the upstream's as of the bookmark. `isNew`: they have just taken the place of others, or of none.
        case exact(isNew: Bool)
        /// They are, but what readers see may be newer, so it stays until the upstream has come as far.
        case older
        /// They differ. The words say how.
        case differs(String)
    }

    /// Why a change cannot be applied: the upstream contradicts itself.
    struct Contradiction: Error, Sendable, Hashable, CustomStringConvertible {
        let description: String
    }

    /// Contents on the way from one upstream.
    private struct Copy {
        let writer: GenerationWriter
        let keySchema: KeySchema
        /// The epoch by which the upstream counts.
        var upstreamEpoch: Epoch
        /// The newest seq of the upstream that is here.
        var upstreamSeq: UInt64
        /// Whether they count by themselves: the upstream is another replica of the stream, whose seqs mean other changes.
        var countsAlone: Bool
        /// Something was applied since the last publication.
        var isChanged = false
        /// A seq was skipped since the last bookmark, so states up to the upstream's head may be missing: nobody may see it, and no other
        /// replica can continue it.
        var isInPass = false
        /// Where they count by themselves: rows of the upstream's index come, in which steps are missing.
        var omitsSteps = false
        /// Where they come from a saved state that no bookmark has proved since.
        var restored: RestoredContents?
    }

    private let store: ReplicaStore
    private let limits: StoreLimits
    private var current: Copy?
    private var loading: Copy?
    /// Whether readers must start over when the loaded contents are shown, although the upstream's epoch is the same.
    private var mustRename = false
    /// The newest time of a place that was given to readers of what is distrusted; nil where nothing is, or nothing is known of times.
    private var doubtful: Int64?
    /// Whether readers have seen changes that no bookmark has proved yet.
    private var showsUnproved = false
    /// Where the upstream stood when the contents were last proved; nil before.
    private var proved: Position?
    /// The contents of a saved state as they were saved, until readers see those or newer ones.
    private var preview: StoreSnapshot?

    init(store: ReplicaStore, limits: StoreLimits) {
        self.store = store
        self.limits = limits
    }

    /// Whether readers see contents of an upstream.
    var isServing: Bool { current != nil && preview == nil }
    /// Whether contents are being loaded.
    var isLoading: Bool { loading != nil }
    /// The key by which lines are read; nil before contents were described.
    var keySchema: KeySchema? { (loading ?? current)?.keySchema }
    /// The epoch of the upstream whose lines are expected; nil before contents were described.
    var upstreamEpoch: Epoch? { (loading ?? current)?.upstreamEpoch }
    /// The epoch of what readers see, or will see; nil before contents were described.
    var epoch: Epoch? { current?.writer.epoch }
    /// Changes that were applied.
    private(set) var applied = 0

    /// The position from which an upstream continues; nil where everything has to be read. Its times let every replica of the stream place it.
    var resumePosition: Position? {
        guard loading == nil, let current, !current.isInPass else { return nil }
        let own = current.writer.snapshot().position
        let marks = own.watermarks ?? restoredMarks(current)
        // After a move nothing of the new upstream has come yet: it is asked as it was before.
        if current.countsAlone, current.upstreamSeq == 0 {
            return Position(epoch: own.epoch, seq: own.seq, watermarks: marks)
        }
        return Position(epoch: current.upstreamEpoch, seq: current.upstreamSeq, watermarks: marks)
    }

    // MARK: A saved state

    /// Takes the contents of a saved state, to go on from where they end. Nobody sees them yet. Before anything else.
    func restore(_ restored: RestoredContents) {
        let (state, place) = (restored.state, restored.place)
        state.writer.restore(lineage: place.lineage)
        state.writer.follow(place.stream, since: nil)
        let copy = Copy(
            writer: state.writer,
            keySchema: state.identity.keySchema,
            upstreamEpoch: place.upstreamEpoch,
            upstreamSeq: place.upstreamSeq,
            countsAlone: place.countsAlone,
            restored: restored
        )
        current = copy
        proved = Position(epoch: place.upstreamEpoch, seq: place.upstreamSeq, watermarks: restoredMarks(copy))
        preview = state.writer.snapshot()
    }

    /// The times of saved contents at the place where they were saved. Readers of contents that count alone are told none before a bookmark.
    private func restoredMarks(_ copy: Copy) -> Watermarks? {
        guard let restored = copy.restored, [0, restored.place.upstreamSeq].contains(copy.upstreamSeq)
        else { return nil }
        return restored.marks
    }

    /// The saved state that the contents come from, while no bookmark has proved them; nil otherwise.
    var restored: RestoredContents? { current?.restored }
    /// Whether there is a saved state that readers do not see.
    var isHidden: Bool { preview != nil }

    /// Shows the contents of the saved state as they were saved.
    func showRestored() {
        guard let snapshot = preview else { return }
        preview = nil
        store.publish(snapshot)
    }

    /// What the newest bookmark has proved, for a restart to go on with. Nil where it has proved nothing, and for contents that cannot be
    /// gone on with.
    func provedContents(of contents: UpstreamContents?) -> ProvedContents? {
        guard loading == nil, let current, !mustRename, !showsUnproved, proved != nil, current.restored == nil,
            let contents, let identity = contents.stateIdentity, let stream = contents.stream,
            let snapshot = store.snapshot
        else { return nil }
        let place = FollowedPlace(
            upstreamEpoch: current.upstreamEpoch,
            upstreamSeq: current.upstreamSeq,
            countsAlone: current.countsAlone,
            stream: stream,
            items: snapshot.itemCount,
            digest: snapshot.digest,
            lineage: snapshot.lineage
        )
        return ProvedContents(snapshot: snapshot, place: place, identity: identity)
    }

    // MARK: Beginnings

    /// Contents are loaded from their first row, beside those that readers see.
    func beginLoading(_ contents: UpstreamContents) {
        // A part of the keys is no replica of the upstream's contents: its positions mean nothing elsewhere.
        let writer = GenerationWriter(
            epoch: mustRename || contents.isPartial ? .random() : contents.epoch,
            keySchema: contents.keySchema,
            limits: limits
        )
        writer.beginCopy()
        if !contents.isPartial, let stream = contents.stream { writer.follow(stream, since: birth(contents)) }
        loading = Copy(
            writer: writer,
            keySchema: contents.keySchema,
            upstreamEpoch: contents.epoch,
            upstreamSeq: 0,
            countsAlone: false
        )
    }

    /// The time from which readers of other replicas are placed. Those that hold what was wrong here must start over, so it lies after all
    /// places that were given to them.
    private func birth(_ contents: UpstreamContents) -> Int64? {
        guard let doubtful else { return contents.birth }
        return contents.birth.map { max($0, doubtful + 1) }
    }

    /// The upstream continues, exactly or under another name, from the position that it was asked for.
    func resume(_ contents: UpstreamContents) {
        guard let upstreamEpoch, upstreamEpoch != contents.epoch else { return }
        guard var copy = loading ?? current else { return }
        copy.upstreamEpoch = contents.epoch
        // A name of the upstream's is the name here too, so that siblings keep equal ids.
        let isNamesake = !copy.countsAlone && copy.writer.epoch == upstreamEpoch
        if isNamesake {
            copy.writer.rename(contents.epoch)
            copy.writer.beginCopy()
        }
        if loading != nil {
            loading = copy
        } else {
            current = copy
            guard isNamesake else { return }
            // Within rows of the index the next bookmark shows it.
            if copy.isInPass { current?.isChanged = true } else { publish() }
        }
    }

    /// Another replica of the stream continues: what is here stays, and is counted on under a name that no other replica has.
    func move(_ contents: UpstreamContents) {
        guard var copy = current else { return }
        loading = nil
        if !copy.countsAlone { copy.writer.rename(.random()) }
        copy.countsAlone = true
        copy.upstreamEpoch = contents.epoch
        copy.upstreamSeq = 0
        copy.isInPass = false
        copy.omitsSteps = true
        current = copy
        publish()
    }

    /// Gives up what is being loaded.
    func dropLoading() { loading = nil }

    /// Takes from readers what they see: there is no room for it and for what takes its place.
    func withdraw() {
        (current, preview) = (nil, nil)
        store.withdraw()
    }

    /// What readers see is not the upstream's: when other contents take its place they start over, whatever its name is. A saved state that
    /// nobody has seen is given up.
    func distrust() {
        guard !isHidden else { return withdraw() }
        mustRename = true
        guard let marks = current?.writer.snapshot().position.watermarks else { return }
        doubtful = max(doubtful ?? 0, marks.low, marks.high)
    }

    /// The upstream has contradicted itself: the same holds where readers have seen what no bookmark has proved.
    func doubt() { if loading == nil, showsUnproved { distrust() } }

    /// Whether readers see contents that are not the upstream's, or may not be.
    var isDistrusted: Bool { mustRename }

    // MARK: Lines

    /// Applies a change, whose key and item are the one entry of `batch`.
    func apply(_ change: UpstreamChange, _ batch: ItemBatch) throws(Contradiction) {
        guard var copy = loading ?? current, let entry = batch.entries.first else { return }
        guard change.epoch == copy.upstreamEpoch else {
            throw Contradiction(
                description: "a change of the epoch \(change.epoch) came within contents of \(copy.upstreamEpoch)"
            )
        }
        guard change.seq > copy.upstreamSeq else {
            throw Contradiction(description: "the seq went back from \(copy.upstreamSeq) to \(change.seq)")
        }
        if loading == nil, change.seq > copy.upstreamSeq + 1 {
            if copy.countsAlone { copy.omitsSteps = true } else { copy.isInPass = true }
        }
        let outcome = batch.arena.withUnsafeBytes { arena in
            let key = UnsafeRawBufferPointer(rebasing: arena[entry.key])
            let item = UnsafeRawBufferPointer(rebasing: arena[entry.item])
            return copy.countsAlone
                ? count(change, key, item, in: copy)
                : copy.writer.copy(
                    StoredRecord(
                        seq: change.seq,
                        at: change.at,
                        cause: change.cause,
                        version: change.version,
                        key: key,
                        item: change.isPut ? item : nil
                    )
                )
        }
        switch outcome {
        case .applied: break
        case .seqGoesBack:
            throw Contradiction(description: "the seq went back from \(copy.writer.seq) to \(change.seq)")
        case .versionGoesBack:
            throw Contradiction(description: "the change \(change.seq) shows an older version of its item")
        }
        copy.upstreamSeq = change.seq
        copy.isChanged = true
        applied += 1
        if loading != nil { loading = copy } else { current = copy }
    }

    /// Applies a change of another replica with the next seq of these contents, or with the one after it where steps are missing before it. A
    /// state that is here already is no change.
    private func count(
        _ change: UpstreamChange,
        _ key: UnsafeRawBufferPointer,
        _ item: UnsafeRawBufferPointer,
        in copy: Copy
    ) -> CopyOutcome {
        let writer = copy.writer
        let itemKey = ItemKey(bytes: [UInt8](key))
        let outcome: Change.Outcome =
            change.isPut
            ? .put(Item(packed: [UInt8](item))) : change.cause == .unreadable ? .unreadable : .remove
        if let version = change.version, change.cause != .repair, change.cause != .unreadable {
            guard !writer.has(version, under: key) else { return .applied }
            if copy.omitsSteps { writer.omitSteps() }
            _ = writer.apply(
                Change(key: itemKey, outcome: outcome, version: version, at: change.at, cause: change.cause)
            )
        } else if !writer.holds(outcome, under: itemKey) {
            if copy.omitsSteps { writer.omitSteps() }
            writer.repair(itemKey, outcome, at: change.at)
        }
        return .applied
    }

    /// The upstream has told all up to a bookmark: proves the contents by its digest, and shows them.
    func settle(_ mark: UpstreamMark) throws(Contradiction) -> Settling {
        guard var copy = loading ?? current else { return .exact(isNew: false) }
        let position = mark.position
        guard position.epoch == copy.upstreamEpoch, position.seq >= copy.upstreamSeq else {
            throw Contradiction(
                description: "a bookmark at \(position) came after the change \(copy.upstreamEpoch).\(copy.upstreamSeq)"
            )
        }
        if let difference = difference(mark, copy.writer) { return .differs(difference) }
        if position.seq > copy.writer.seq { copy.isChanged = true }
        copy.upstreamSeq = position.seq
        copy.isInPass = false
        copy.omitsSteps = false
        if copy.countsAlone {
            copy.writer.settleCopy(at: copy.writer.seq, horizon: 0)
        } else {
            copy.writer.settleCopy(at: position.seq, horizon: mark.horizon, of: mark.horizonAt)
        }
        if let marks = position.watermarks {
            copy.writer.mayHold(marks.high)
            copy.writer.completed(marks.low)
        }
        let isNew = loading != nil
        if isNew, isServing, let shown = current?.writer.snapshot(), !reaches(mark, shown) {
            loading = copy
            return .older
        }
        let isFirst = copy.restored != nil
        copy.restored = nil
        (loading, current, preview) = (nil, copy, nil)
        if isNew { (mustRename, doubtful) = (false, nil) }
        (proved, showsUnproved) = (position, false)
        if isNew || isFirst || copy.isChanged { publish() } else { refresh() }
        return .exact(isNew: isNew)
    }

    /// Whether contents as of a bookmark are at least as new as those that readers see. Those of another stream are not compared.
    private func reaches(_ mark: UpstreamMark, _ shown: StoreSnapshot) -> Bool {
        // Of a saved state readers see what was saved, also where their positions tell no times.
        guard let theirs = shown.position.watermarks ?? restored?.marks else { return true }
        // An upstream that cannot say how far it is may be anywhere.
        guard let marks = mark.position.watermarks else { return false }
        guard theirs.stream == marks.stream else { return true }
        if mustRename {
            // The newest state that readers see may be none of the upstream's; what was proved is.
            guard let proved, let held = proved.watermarks else { return true }
            return proved.epoch == mark.position.epoch ? mark.position.seq >= proved.seq : marks.low >= held.high
        }
        if shown.continues(mark.position.epoch, at: mark.position.seq), shown.isCopy {
            return mark.position.seq >= shown.position.seq
        }
        return marks.low >= theirs.high
    }

    private func difference(_ mark: UpstreamMark, _ writer: GenerationWriter) -> String? {
        guard let items = mark.items, let digest = mark.digest else { return nil }
        let mine = writer.digest
        guard mine.items != items || mine.content != digest else { return nil }
        return "at \(mark.position) the upstream has \(items) items with the digest \(digest), and this replica "
            + "\(mine.items) with \(mine.content)"
    }

    // MARK: Showing

    /// Shows what was applied since the last time. Contents that are being loaded are not shown before they are proved.
    func showChanges() {
        guard loading == nil, let current, current.isChanged, current.restored == nil else { return }
        guard !current.isInPass else { return }
        showsUnproved = true
        publish()
    }

    private func publish() {
        guard let current, current.restored == nil else { return }
        self.current?.isChanged = false
        store.publish(current.writer.snapshot())
    }

    private func refresh() { if let writer = current?.writer { store.refresh(writer.snapshot()) } }
}
