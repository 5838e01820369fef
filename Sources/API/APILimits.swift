/// Every bound of the API's own, in one place, with what happens at it.
package struct APILimits: Sendable, Hashable {
    /// Items of a page when the client does not say.
    package var defaultItems = 100
    /// Items of a page at most; more is a 400.
    package var maximumItems = 1000
    /// Bytes of a page's items; a page that reaches it ends early, with a cursor.
    package var pageBytes = 4_194_304
    /// Records that a page looks at, removed ones included; a page that has ends early, with a cursor, and may be empty.
    package var pageRecords = 5_000
    /// Bytes of items that a page looks at, each as often as the query's operands look at it; then as above.
    package var pageWork = 8_388_608
    /// A larger response is made while its client reads it, and refused with 503 where too much waits for slow clients.
    package var wholeBytes = 65_536
    /// How long a page, a batch or a history may take to be read, since it keeps its items in memory; then its connection is closed.
    package var pageDuration: Duration = .seconds(300)
    /// Bytes of items replaced since a response began, after which its connection is closed: so much slow readers keep of what the
    /// store has given up, all together. Also the largest generation that is kept for them after a rebuild.
    package var replacedBytes = 268_435_456
    /// Seconds after which a large response that was refused should be asked for again.
    package var pendingRetrySeconds = 1
    /// Records that one step towards a page looks at before other connections have their turn.
    package var stepRecords = 512
    /// Bytes of items that one step looks at, counted as `pageWork` is, before other connections have their turn.
    package var stepWork = 524_288
    /// Bytes of items that one step encodes, or of an answer that one step compresses, before other connections have their turn.
    package var stepBytes = 65_536
    /// Exports in progress at once; one more is a 503 with Retry-After.
    package var exports = 16
    /// Exports in progress at once for one client's address (an IPv4 address, an IPv6 /64); then as above.
    package var exportsPerAddress = 8
    /// Seconds after which a refused export should be asked for again.
    package var exportRetrySeconds = 5
    /// Records that an export looks at before other connections have their turn.
    package var exportRecords = 512
    /// Bytes of items that an export looks at before other connections have their turn, counted as `pageWork` is.
    package var exportWork = 524_288
    /// How long an export may take, since it keeps the store of its beginning in memory; then its connection is closed.
    package var exportDuration: Duration = .seconds(3600)
    /// Bodies of these sizes are compressed for clients that take it, in steps of `stepBytes`: smaller ones gain nothing, larger ones
    /// cost more than they save (some 8 ms for a mebibyte).
    package var compressedBytes = 1_024...1_048_576
    /// Keys of one batch; more is a 400.
    package var batchKeys = 100
    /// Bytes of a Link field's target; a longer link is left out. Two of them leave room in the 4 KiB that nginx keeps for a head.
    static let linkBytes = 1_536
    /// Bytes of a batch's items as they are stored; more is a 400, unless `fields` picks parts of them.
    package var batchBytes = 16_777_216
    /// The longest a request may wait for an answer; more is shortened to it.
    package var longestWait: Duration = .seconds(60)
    /// Requests that wait at once; one more is a 503.
    package var waitingRequests = 10_000
    /// Refused origins, and refused hosts, that the log names; of further ones it says once that there are more.
    package var refusedNames = 32
    /// How often `until` may name an attribute; more is a 400. Each request that waits is tested at every new state of its item.
    package var untilOperands = 32
    /// A test of `until` that looks at more bytes of items, each as often as the operands look at it, is made when others have had
    /// their turn, and its verdict is shared by all requests that wait for the same.
    package var untilWork = 16_384
    /// Such verdicts kept; all are dropped for the next one, and found again when they are asked for.
    package var untilVerdicts = 4_096
    /// The defaults.
    package init() {}

    var pageBudget: WalkBudget { WalkBudget(records: pageRecords, bytes: pageWork) }
    var exportBudget: WalkBudget { WalkBudget(records: exportRecords, bytes: exportWork) }
    var stepBudget: WalkBudget { WalkBudget(records: stepRecords, bytes: stepWork, received: stepBytes) }
}
