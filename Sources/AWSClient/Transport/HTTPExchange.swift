/// One signed POST to an AWS endpoint, as the transport sends it.
struct HTTPRequest: Sendable {
    /// `http://host:port/`.
    let url: String
    /// The value of `X-Amz-Target`.
    let target: String
    /// Whether it is for DynamoDB Streams; such requests have a share of the connections of their own.
    let isOfStreams: Bool
    /// The region that the signature names.
    let region: String
    let credentials: Credentials
    let body: [UInt8]
    /// How long it may take, once it has left the waiting line.
    let timeout: Duration
}

/// What came back, whatever its status.
struct HTTPAnswer: Sendable {
    let status: Int
    let body: [UInt8]
    /// `x-amz-crc32`, the zlib checksum of the body as sent; nil where the endpoint sends none (DynamoDB Streams).
    let checksum: UInt32?
    /// `x-amzn-errortype`, which some gateways send in place of a body's `__type`.
    let errorType: String?
    /// `x-amzn-requestid`, what AWS support asks for.
    let requestID: String?
    /// `Date`, in seconds since 1970 UTC.
    var date: Int64?
}

/// Why no answer came back.
struct TransportFailure: Error, Sendable, Hashable {
    enum Cause: Sendable, Hashable {
        /// libcurl's result code, and errno where the system gave one.
        case curl(code: UInt32, systemError: Int)
        /// The answer is larger than `AWSClientLimits.answerBytes`.
        case answerTooLarge(limit: Int)
        /// The request is larger than `AWSClientLimits.requestBytes`.
        case requestTooLarge(limit: Int)
        /// `AWSClientLimits.waitingRequests` are in line already.
        case queueFull(limit: Int)
        /// The calling task was cancelled.
        case cancelled
        /// The transport was closed.
        case closed
    }

    let cause: Cause
    /// libcurl's own words, empty for the causes that are not libcurl's.
    let detail: String

    init(_ cause: Cause, detail: String = "") {
        self.cause = cause
        self.detail = detail
    }
}
