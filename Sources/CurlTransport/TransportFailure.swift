import CCurl

/// Why no response came back.
package struct TransportFailure: Error, Sendable, Hashable {
    /// The class of a failure.
    package enum Cause: Sendable, Hashable {
        /// The host's name has no address.
        case nameNotResolved
        /// The proxy's name has no address.
        case proxyNotResolved
        /// No connection, with the system's error number; 0 where it gave none.
        case cannotConnect(systemError: Int)
        /// A limit in time has passed.
        case timedOut
        /// The server's certificate is not one to trust, or not for this host.
        case certificateNotTrusted
        /// The file of certificates cannot be used.
        case invalidCertificates
        /// The server speaks no TLS, or none that both know.
        case tlsFailed
        /// The response ended before its announced end.
        case truncated
        /// The response is larger than `TransportSettings.responseBytes`.
        case responseTooLarge(limit: Int)
        /// The request is larger than `TransportSettings.requestBytes`.
        case requestTooLarge(limit: Int)
        /// `TransportSettings.waitingRequests` requests are pending already.
        case queueFull(limit: Int)
        /// The calling task was cancelled.
        case cancelled
        /// The transport was closed.
        case closed
        /// Anything else, with libcurl's result code.
        case other(code: UInt32)
    }

    /// The class of the failure.
    package let cause: Cause
    /// libcurl's own words, without a password; empty for the causes that are not libcurl's.
    package let detail: String

    /// Names a failure.
    package init(_ cause: Cause, detail: String = "") {
        self.cause = cause
        self.detail = Self.withoutUser(detail)
    }

    /// libcurl repeats a proxy's URL that it cannot read, between quotes, with its user and password.
    private static func withoutUser(_ text: String) -> String {
        guard let quote = text.firstIndex(of: "'"), let at = text.lastIndex(of: "@"), quote < at else { return text }
        return text[...quote] + "…" + text[at...]
    }

    static let outOfMemory = TransportFailure(.other(code: CURLE_OUT_OF_MEMORY.rawValue), detail: "out of memory")
}

extension TransportFailure.Cause {
    /// The cause that a result of libcurl stands for, other than CURLE_OK.
    init(_ result: CURLcode, systemError: Int) {
        self =
            switch result {
            case CURLE_COULDNT_RESOLVE_HOST: .nameNotResolved
            case CURLE_COULDNT_RESOLVE_PROXY: .proxyNotResolved
            case CURLE_COULDNT_CONNECT: .cannotConnect(systemError: systemError)
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_PEER_FAILED_VERIFICATION: .certificateNotTrusted
            case CURLE_SSL_CACERT_BADFILE: .invalidCertificates
            case CURLE_SSL_CONNECT_ERROR: .tlsFailed
            case CURLE_PARTIAL_FILE: .truncated
            default: .other(code: result.rawValue)
            }
    }
}
