import Basics
import DynamoDBClient
import TableModel

/// The listing of the shards: when it is asked for, page by page, and when again. Also the search for the children of ended shards.
struct Discovery: Sendable {
    enum Call: Sendable, Hashable {
        case listing(exclusiveStart: String?)
        case children(of: String)
    }

    /// The outcome of one page.
    enum Outcome: Sendable {
        /// More pages follow, or nobody waits for this one.
        case pending
        /// The stream is being enabled and has no shards yet.
        case starting
        case complete(ShardListing)
        case failed(DynamoDBError)
    }

    enum Failure: Sendable, Hashable {
        case cancelled
        case trouble
        /// The stream does not exist. `isNew`: it did until now.
        case streamLost(isNew: Bool)
    }

    private let settings: StreamSettings
    private var listing: ShardListing?
    private(set) var isInFlight = false
    private var lastCall: Duration?
    /// When the next full listing, or its next page, is due.
    private var nextListing: Duration = .zero
    private var children = ChildSearch()
    private var failures = 0
    private(set) var lastError: DynamoDBError?
    /// A full listing has been completed.
    private(set) var isComplete = false
    /// When the newest complete listing began.
    private(set) var lastBegun: Duration?
    /// There are shards that only a full listing will show.
    private(set) var isIncomplete = false
    private(set) var status: StreamStatus?
    private(set) var streamIsLost = false

    init(settings: StreamSettings) { self.settings = settings }

    // MARK: When

    /// When a call may and should be made; nil while one is in flight.
    var due: Duration? {
        guard !isInFlight else { return nil }
        let due = children.due.map { min($0, nextListing) } ?? nextListing
        return max(due, lastCall.map { $0 + settings.limits.describeSpacing } ?? due)
    }

    /// The call to make now, if one is due.
    mutating func nextCall(at now: Duration) -> Call? {
        guard let due, due <= now else { return nil }
        isInFlight = true
        lastCall = now
        // Children first: a shard that has ended is the only place from which news can be missing right now.
        if let parentID = children.next(at: now) { return .children(of: parentID) }
        let current = listing ?? ShardListing(begun: now)
        listing = current
        return .listing(exclusiveStart: current.next)
    }

    /// A listing is wanted no later than `deadline`.
    mutating func hurry(_ deadline: Duration) {
        guard listing?.next == nil else { return }
        nextListing = min(nextListing, deadline)
    }

    mutating func beginPass(at now: Duration) {
        nextListing = now
        failures = 0
    }

    mutating func abandonCall() { isInFlight = false }

    // MARK: Listings

    mutating func received(_ page: StreamPage, at now: Duration) -> Outcome {
        isInFlight = false
        guard var listing else { return .pending }
        failures = 0
        lastError = nil
        status = page.status
        streamIsLost = false
        // Only one reference is left, so that the page is added in place.
        self.listing = nil
        listing.add(page.shards)
        guard listing.shards.count <= settings.limits.shards else { return .failed(tooManyShards(page.streamARN)) }
        guard let next = page.lastEvaluatedShardID else {
            let isStarting = listing.shards.isEmpty && status == .enabling
            nextListing = now + (isStarting ? .seconds(1) : settings.discoveryInterval)
            return isStarting ? .starting : .complete(listing)
        }
        guard listing.proceed(to: next) else { return .failed(repeatedCursor(page.streamARN, next)) }
        self.listing = listing
        nextListing = now
        return .pending
    }

    /// The shards of a complete listing are known.
    mutating func complete(_ listing: ShardListing) {
        isComplete = true
        isIncomplete = false
        lastBegun = listing.begun
    }

    mutating func failed(_ error: DynamoDBError, at now: Duration, random: inout SplitMix64) -> Failure {
        isInFlight = false
        guard error.kind != .cancelled else { return .cancelled }
        lastError = error
        nextListing = now + settings.limits.backoff.wait(failures: failures, fraction: random.fraction())
        failures += 1
        guard error.kind == .notFound else { return .trouble }
        listing = nil
        defer { streamIsLost = true }
        return .streamLost(isNew: !streamIsLost)
    }

    /// Whether a pass gives up listing; the count of failures then begins again.
    mutating func endsPass(after error: DynamoDBError) -> Bool {
        guard failures >= settings.limits.passAttempts || error.kind == .notFound else { return false }
        failures = 0
        return true
    }

    private func repeatedCursor(_ streamARN: String, _ next: String) -> DynamoDBError {
        DynamoDBError(
            kind: .malformed,
            operation: "DescribeStream",
            subject: streamARN,
            code: .repeatedCursor,
            message: "LastEvaluatedShardId \(next) came twice, so the listing would never end",
            hint: "The listing is begun again; if this stays, the endpoint does not page correctly."
        )
    }

    /// The bound that keeps an endpoint's responses from taking the memory of the process.
    private func tooManyShards(_ streamARN: String) -> DynamoDBError {
        DynamoDBError(
            kind: .malformed,
            operation: "DescribeStream",
            subject: "stream \(streamARN)",
            code: "TooManyShards",
            message: "the stream has more than \(settings.limits.shards) shards, which is more than are kept in memory",
            hint: "Nothing is skipped: the listing is begun again. Check that the endpoint is DynamoDB Streams."
        )
    }

    // MARK: Children of ended shards

    var seeksChildren: Bool { !children.isEmpty }

    func seeksChildren(of parentID: String) -> Bool { children.contains(parentID) }

    /// An ended shard's writes continue in its children, so they are looked for at once.
    mutating func seekChildren(of parentID: String, at now: Duration) {
        guard status != .disabled else { return }
        if children.isUnsupported { hurry(now) } else { children.begin(parentID, at: now) }
    }

    mutating func foundChildren(of parentID: String) { children.end(parentID) }

    /// Returns the children that a page shows. `known` is the number of shards known so far.
    mutating func received(
        childrenOf parentID: String,
        _ page: StreamPage,
        known: Int,
        at now: Duration,
        random: inout SplitMix64
    ) -> [Shard] {
        isInFlight = false
        status = page.status
        let found = page.shards.filter { $0.parentID == parentID }
        // An endpoint that ignores the filter responds with everything.
        if found.count != page.shards.count { children.isUnsupported = true }
        guard !found.isEmpty, known + found.count <= settings.limits.shards else {
            retry(childrenOf: parentID, at: now, random: &random)
            return []
        }
        children.end(parentID)
        if page.lastEvaluatedShardID != nil { isIncomplete = true }
        // A listing that shows one child may show its sibling only a moment later.
        hurry(now + (isIncomplete ? .zero : .seconds(2)))
        return found
    }

    mutating func failed(
        childrenOf parentID: String,
        _ error: DynamoDBError,
        at now: Duration,
        random: inout SplitMix64
    ) {
        isInFlight = false
        guard error.kind != .cancelled else { return }
        if error.kind == .fatal { children.isUnsupported = true }
        retry(childrenOf: parentID, at: now, random: &random)
    }

    /// Children may be listed a little later than their parent ends. After some tries the full listing takes over.
    private mutating func retry(childrenOf parentID: String, at now: Duration, random: inout SplitMix64) {
        guard let attempts = children.noteAttempt(parentID) else { return }
        let isHopeless = status == .disabled || children.isUnsupported
        guard !isHopeless, attempts < settings.limits.childQueryAttempts else {
            children.end(parentID)
            if status != .disabled { hurry(now) }
            return
        }
        let wait = settings.limits.backoff.wait(failures: attempts, fraction: random.fraction())
        children.postpone(parentID, until: now + min(wait, .seconds(1)))
    }
}
