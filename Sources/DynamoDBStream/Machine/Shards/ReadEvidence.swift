import Basics
import DynamoDBClient
import TableModel

/// The evidence of how current one shard is: what its pages, and the listings of its children, prove.
struct ReadEvidence: Sendable {
    private(set) var readableSince: Duration?
    /// When the newest read with a page began.
    private(set) var lastSuccess: Duration?
    /// The same by the wall clock, which also shows for how long a hypervisor paused this machine. That may happen during the read, so
    /// the time of the response would hide the pause.
    private(set) var lastSuccessWallMilliseconds: Int64?
    /// Empty pages in a row.
    private(set) var emptyPages = 0
    /// Pages in a row that were not empty and told nothing new.
    private var repeatedPages = 0
    /// Since when the shard is known to have children.
    private(set) var childrenSince: Duration?
    /// Of the empty pages, those that were asked for since then.
    private var pagesSinceChildren = 0
    /// Of the empty pages, those that were asked for after the evidence moment, and when the first of them was.
    private var provingPages = 0
    private var provingSince: Duration = .zero
    private(set) var isBehind = true
    /// The moment up to which everything of the shard is known to have been taken; nil before anything is.
    private(set) var completeUntil: Duration?
    /// The proofs of each page that was read and is not taken yet: they hold once it is.
    private var proofsWhenTaken: [Proof] = []
    /// Every record of the shard that bears this time (milliseconds since 1970 UTC) or an earlier one has been taken.
    private(set) var completeStamp: Int64?
    /// The times before the newest empty pages, one for each that is needed to prove anything: see `stamp`.
    private var emptyPageStamps: [Int64?] = []
    /// When the first read after the newest outage began. Some endpoints never show a shard's end: it may have got children
    /// in the outage, so its empty pages prove nothing before a listing that began since.
    private(set) var outageEnded: Duration?
    /// When the newest record was created, milliseconds since 1970 UTC.
    private(set) var newestCreation: Int64?

    /// The proof of one page, which holds once the consumer has taken the page.
    private struct Proof: Sendable {
        /// See `ReadEvidence.completeUntil`.
        var completeUntil: Duration?
        /// See `ReadEvidence.completeStamp`.
        var completeStamp: Int64?

        /// Both at once.
        mutating func join(_ other: Proof) {
            completeUntil = [completeUntil, other.completeUntil].compactMap(\.self).max()
            completeStamp = [completeStamp, other.completeStamp].compactMap(\.self).max()
        }
    }

    // MARK: Judgements

    /// Whether several empty pages in a row, asked for over at least `spread`, prove that the shard is at its head.
    func isAtHead(pages: Int, spread: Duration) -> Bool {
        guard let lastSuccess else { return false }
        return provingPages >= pages && lastSuccess - provingSince >= spread
    }

    /// A shard that has children gets no new records. It is at its end after enough empty pages that were all asked for after its
    /// children were known.
    func isAtEndOfParent(at now: Duration, limits: StreamLimits) -> Bool {
        guard let childrenSince else { return false }
        return pagesSinceChildren >= limits.emptyPagesToEndParent && now - childrenSince >= limits.openParentPatience
    }

    /// How long ago the replica was last sure to have everything of the shard, in milliseconds, never negative; nil before it is
    /// readable. One page proves nothing: after an outage the first one may be empty with records behind it. Creation times are
    /// cut to whole seconds, so up to 999 ms are the record's own.
    func lagMilliseconds(at now: StreamTime, grace: Duration) -> Int64? {
        guard let reference = completeUntil ?? readableSince else { return nil }
        let idle = now.continuous - reference
        let unread = idle > grace ? idle.wholeMilliseconds : 0
        guard isBehind, let newestCreation else { return max(0, unread) }
        return max(0, unread, now.recordMilliseconds - newestCreation - 999)
    }

    /// The greatest time that only records of writes before `moment` bear; nil where the service's clock is unknown. Stamps are cut to
    /// whole seconds.
    static func stamp(before moment: Duration, _ now: StreamTime) -> Int64? {
        now.service.map { $0.earliest - max(.zero, now.continuous - moment).wholeMilliseconds - 1_000 }
    }

    // MARK: Events

    /// The shard may be read from now on. Until `complete` nothing was written to it, and nothing that bears `stamp` or an earlier time.
    mutating func becomeReadable(at moment: Duration, completeUntil complete: Duration?, stamp: Int64?) {
        readableSince = moment
        completeUntil = complete
        completeStamp = stamp
    }

    /// The shard stood still until now.
    mutating func becomeReadable(at moment: Duration) { readableSince = moment }

    /// The shard has children at `moment` at the latest.
    mutating func haveChildren(since moment: Duration) { childrenSince = moment }

    /// The shard may have got children at any time after `moment`; its empty pages proved nothing while it had them.
    mutating func doubtAll(after moment: Duration) {
        completeUntil = completeUntil.map { min($0, moment) }
        // The moment has no time of the service's clock; the next page proves more.
        completeStamp = nil
    }

    mutating func forgetEmptyPages() { emptyPages = 0 }

    mutating func forgetProof() { provingPages = 0 }

    /// Counts a page. `isNews`: it has a number that was not read before; `isQueued`: its records wait for the consumer;
    /// `isListedOpen`: the newest listing shows no end of the shard.
    mutating func note(
        _ page: RecordsPage,
        isNews: Bool,
        isQueued: Bool,
        isListedOpen: Bool,
        _ context: PageContext
    ) {
        // Empty pages from before an outage say nothing about the records that were written in it.
        if let lastSuccess, context.startedAt - lastSuccess > context.outagePatience {
            emptyPages = 0
            outageEnded = context.startedAt
        }
        lastSuccess = context.startedAt
        lastSuccessWallMilliseconds = context.started.wallMilliseconds
        let proof = isNews ? noteNews(page, context) : noteNothingNew(page, isListedOpen: isListedOpen, context)
        // A page counts once the consumer has taken it and all pages before it.
        if isQueued {
            proofsWhenTaken.append(proof)
        } else if let last = proofsWhenTaken.indices.last {
            proofsWhenTaken[last].join(proof)
        } else {
            settle(proof)
        }
    }

    /// The consumer has taken the oldest page.
    mutating func pageTaken() {
        if !proofsWhenTaken.isEmpty { settle(proofsWhenTaken.removeFirst()) }
    }

    /// The newest pages that were not taken have been dropped.
    mutating func dropPages(_ count: Int) { proofsWhenTaken.removeLast(min(count, proofsWhenTaken.count)) }

    private mutating func settle(_ proof: Proof) {
        var all = Proof(completeUntil: completeUntil, completeStamp: completeStamp)
        all.join(proof)
        (completeUntil, completeStamp) = (all.completeUntil, all.completeStamp)
    }

    private mutating func noteNews(_ page: RecordsPage, _ context: PageContext) -> Proof {
        (emptyPages, provingPages, pagesSinceChildren, repeatedPages) = (0, 0, 0, 0)
        newestCreation = page.newestCreation
        let isFull = page.records.count >= context.settings.recordLimit
        guard let newestCreation else {
            // Without a time the page is no evidence of how fresh it is; empty ones after it are.
            isBehind = isFull
            return Proof()
        }
        // A second for the resolution of creation times, one for the way.
        let age = context.recordMilliseconds - newestCreation
        isBehind = isFull || age > 2_000
        // Records come in order: those older than this one have been read.
        let moment = context.now.continuous - .milliseconds(max(0, age - 999))
        // Others may bear the same time and come later.
        return Proof(completeUntil: moment, completeStamp: newestCreation - 1)
    }

    /// The same for an empty page, or one that repeats what was read.
    private mutating func noteNothingNew(
        _ page: RecordsPage,
        isListedOpen: Bool,
        _ context: PageContext
    ) -> Proof {
        let limits = context.settings.limits
        repeatedPages = page.records.isEmpty ? 0 : repeatedPages + 1
        if (1..<limits.repeatedPagesAtHead).contains(repeatedPages) {
            // There may be more behind the records that were sent a second time.
            (emptyPages, provingPages, pagesSinceChildren) = (0, 0, 0)
            return Proof()
        }
        emptyPages += 1
        isBehind = false
        noteEmptyPage(context)
        if let childrenSince, context.startedAt >= childrenSince { pagesSinceChildren += 1 }
        if let evidenceMoment = context.evidenceMoment, context.startedAt >= evidenceMoment {
            if provingPages == 0 { provingSince = context.startedAt }
            provingPages += 1
        }
        let isListed = outageEnded.map { ended in context.listed.map { $0 >= ended } ?? false } ?? true
        // Nothing is written to a shard with children: its empty pages say nothing about its lineage.
        let isComplete =
            childrenSince == nil && isListedOpen && isListed && emptyPages >= limits.emptyPagesAtHead
        guard isComplete else { return Proof() }
        // The first page of the run: a write from just before the newest one may not be visible in it yet.
        return Proof(completeUntil: context.startedAt, completeStamp: emptyPageStamps.first ?? nil)
    }

    private mutating func noteEmptyPage(_ context: PageContext) {
        if emptyPages == 1 { emptyPageStamps = [] }
        if emptyPageStamps.count >= context.settings.limits.emptyPagesAtHead { emptyPageStamps.removeFirst() }
        emptyPageStamps.append(ReadEvidence.stamp(before: context.startedAt, context.started))
    }
}

extension RecordsPage {
    /// The creation time (milliseconds since 1970 UTC) of the newest record that has one. Records come in order, so all before it are
    /// older; a record without a time is no evidence.
    var newestCreation: Int64? {
        records.last { $0.approximateCreationMilliseconds != nil }?.approximateCreationMilliseconds
    }
}
