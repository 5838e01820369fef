import ReplicaStore
import TableModel

/// The contents that are copied from an upstream, and how far they have been. Not Sendable: it belongs to the thread that follows.
///
/// `current` is what readers see. While contents are loaded, `loading` is filled beside it, and takes its place once it is proved.
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

    init(store: ReplicaStore, limits: StoreLimits) {
        self.store = store
        self.limits = limits
    }

    /// Whether readers see contents of an upstream.
    var isServing: Bool { current != nil }
    /// Whether contents are being loaded.
    var isLoading: Bool { loading != nil }
    /// The key by which lines are read; nil before contents were described.
    var keySchema: KeySchema? { (loading ?? current)?.keySchema }
    /// The epoch of the upstream whose lines are expected; nil before contents were described.
    var upstreamEpoch: Epoch? { (loading ?? current)?.upstreamEpoch }
    /// Changes that were applied.
    private(set) var applied = 0

    /// The position from which an upstream continues; nil where everything has to be read. Its times let every replica of the stream place it.
    var resumePosition: Position? {
        guard loading == nil, let current, !current.isInPass else { return nil }
        let own = current.writer.snapshot().position
        let marks = own.watermarks
        // After a move nothing of the new upstream has come yet: it is asked as it was before.
        if current.countsAlone, current.upstreamSeq == 0 { return own }
        return Position(epoch: current.upstreamEpoch, seq: current.upstreamSeq, watermarks: marks)
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
        current = copy
        publish()
    }

    /// Gives up what is being loaded.
    func dropLoading() { loading = nil }

    /// Takes from readers what they see: there is no room for it and for what takes its place.
    func withdraw() {
        current = nil
        store.withdraw()
    }

    /// What readers see is not the upstream's: when other contents take its place they start over, whatever its name is.
    func distrust() {
        mustRename = true
        guard let marks = current?.writer.snapshot().position.watermarks else { return }
        doubtful = max(doubtful ?? 0, marks.low, marks.high)
    }

    /// The upstream has contradicted itself: the same holds where readers have seen what no bookmark has proved.
    func doubt() { if loading == nil, showsUnproved { distrust() } }

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
        if loading == nil, !copy.countsAlone, change.seq > copy.upstreamSeq + 1 { copy.isInPass = true }
        let outcome = batch.arena.withUnsafeBytes { arena in
            let key = UnsafeRawBufferPointer(rebasing: arena[entry.key])
            let item = UnsafeRawBufferPointer(rebasing: arena[entry.item])
            return copy.countsAlone
                ? count(change, key, item, in: copy.writer)
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

    /// Applies a change of another replica with the next seq of these contents. A state that is here already is no change.
    private func count(
        _ change: UpstreamChange,
        _ key: UnsafeRawBufferPointer,
        _ item: UnsafeRawBufferPointer,
        in writer: GenerationWriter
    ) -> CopyOutcome {
        let key = ItemKey(bytes: [UInt8](key))
        let outcome: Change.Outcome =
            change.isPut
            ? .put(Item(packed: [UInt8](item))) : change.cause == .unreadable ? .unreadable : .remove
        let isRepair = change.version == nil || change.cause == .repair || change.cause == .unreadable
        guard isRepair else {
            _ = writer.apply(
                Change(key: key, outcome: outcome, version: change.version, at: change.at, cause: change.cause)
            )
            return .applied
        }
        if !writer.holds(outcome, under: key) { writer.repair(key, outcome, at: change.at) }
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
        if copy.countsAlone {
            copy.writer.settleCopy(at: copy.writer.seq, horizon: 0)
        } else {
            copy.writer.settleCopy(at: position.seq, horizon: mark.horizon)
        }
        if let marks = position.watermarks {
            copy.writer.mayHold(marks.high)
            copy.writer.completed(marks.low)
        }
        let isNew = loading != nil
        if isNew, let shown = current?.writer.snapshot(), !reaches(mark, shown) {
            loading = copy
            return .older
        }
        (loading, current) = (nil, copy)
        if isNew { (mustRename, doubtful) = (false, nil) }
        (proved, showsUnproved) = (position, false)
        if isNew || copy.isChanged { publish() } else { refresh() }
        return .exact(isNew: isNew)
    }

    /// Whether contents as of a bookmark are at least as new as those that readers see. Those of another stream are not compared.
    private func reaches(_ mark: UpstreamMark, _ shown: StoreSnapshot) -> Bool {
        guard let theirs = shown.position.watermarks else { return true }
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
        guard loading == nil, let current, current.isChanged, !current.isInPass else { return }
        showsUnproved = true
        publish()
    }

    private func publish() {
        guard let writer = current?.writer else { return }
        current?.isChanged = false
        store.publish(writer.snapshot())
    }

    private func refresh() { if let writer = current?.writer { store.refresh(writer.snapshot()) } }
}

extension GenerationWriter {
    /// Whether the newest state of a key is already this one.
    fileprivate func holds(_ outcome: Change.Outcome, under key: ItemKey) -> Bool {
        let record = key.bytes.withUnsafeBytes { newestState(of: $0) }
        switch outcome {
        case .put(let item):
            guard let record, !record.isTombstone else { return false }
            return record.withPackedItem { held in item.packed.withUnsafeBytes { held.elementsEqual($0) } }
        case .remove: return record.map { $0.isTombstone && !$0.isUnreadable } ?? true
        case .unreadable: return record?.isUnreadable ?? false
        }
    }
}
