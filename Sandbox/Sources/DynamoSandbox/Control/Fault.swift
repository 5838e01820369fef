/// A fault of one response.
public enum SandboxFault: Sendable, Hashable {
    /// The service refuses: status, exception name, sentence. Nothing is done.
    case error(status: Int, code: String, message: String)
    /// A proxy answers in HTML. Nothing is done.
    case html(status: Int)
    /// The response is `{}`: no records, no iterator, no items. Nothing is done.
    case emptyObject
    /// The response's body ends half way, its length pretending to be complete.
    case truncated
    /// x-amz-crc32 does not fit the body.
    case badChecksum
    /// The request is done, and the connection closed before the response's body is complete.
    case dropConnection
    /// The response comes late.
    case delay(Duration)
    /// The response comes a few bytes at a time, `interval` apart.
    case trickle(bytes: Int, interval: Duration)
    /// GetRecords, DescribeStream and Scan: a page with nothing in it and a cursor to resume at. (Scan: for tables with a string as
    /// partition key.)
    case emptyPage
    /// DescribeStream: the page's cursor is the one that the page began after.
    case repeatedCursor
    /// The body is said to be gzip, and is not. Nothing is done.
    case garbledCompression
    /// GetRecords: up to `count` records that were read before come again, in front of the new ones.
    case repeatRecords(count: Int)
}
