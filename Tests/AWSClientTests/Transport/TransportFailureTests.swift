import CCurl
import Testing

@testable import AWSClient

@Suite struct TransportFailureTests {
    private func describe(_ failure: TransportFailure) throws -> AWSError {
        failure.error(
            AWSCallSite(
                operation: .scan,
                subject: "table t",
                endpoint: try Endpoint("https://dynamodb.eu-central-1.amazonaws.com")
            )
        )
    }

    private func curl(_ code: CURLcode, errno: Int = 0) -> TransportFailure {
        TransportFailure(.curl(code: code.rawValue, systemError: errno), detail: "libcurl's words")
    }

    @Test("each way in which an exchange fails is said with what to check")
    func texts() throws {
        let host = "dynamodb.eu-central-1.amazonaws.com"
        let texts: [(TransportFailure, String)] = [
            (
                curl(CURLE_COULDNT_RESOLVE_HOST),
                "NameNotResolved: the host name \(host) cannot be resolved. "
                    + "Check the region and the endpoint URL, then try `getent hosts \(host)`."
            ),
            (
                curl(CURLE_COULDNT_CONNECT, errno: 111),
                "ConnectionRefused: https://\(host) refuses connections. "
                    + "Check that the endpoint is running and that its port is right: `curl -sv https://\(host)`."
            ),
            (
                curl(CURLE_COULDNT_CONNECT, errno: 113),
                "CannotConnect: no connection to https://\(host): libcurl's words. "
                    + "Check the network, security groups and routes: `curl -sv https://\(host)`."
            ),
            (
                curl(CURLE_OPERATION_TIMEDOUT),
                "TimedOut: https://\(host) did not answer in time: libcurl's words. "
                    + "Check the network and the load on the endpoint: `curl -sv https://\(host)`."
            ),
            (
                curl(CURLE_PEER_FAILED_VERIFICATION),
                "CertificateNotTrusted: the certificate of https://\(host) is not trusted: libcurl's words. "
                    + "Check the host name, or set AWS_CA_BUNDLE to a PEM file with the certificate authority."
            ),
            (
                curl(CURLE_SSL_CACERT_BADFILE),
                "InvalidCertificateBundle: libcurl's words. "
                    + "Set AWS_CA_BUNDLE to a readable PEM file, or install ca-certificates."
            ),
            (
                curl(CURLE_SSL_CONNECT_ERROR),
                "TLSFailed: no TLS connection to https://\(host): libcurl's words. "
                    + "Check that the endpoint speaks TLS; one that does not needs an http:// URL."
            ),
            (
                curl(CURLE_COULDNT_RESOLVE_PROXY),
                "ProxyNotResolved: libcurl's words. Check https_proxy, http_proxy and no_proxy."
            ),
            (
                TransportFailure(.answerTooLarge(limit: 10)),
                "AnswerTooLarge: https://\(host) sent more than the 10 bytes allowed. "
                    + "Check that the endpoint is DynamoDB, or ask for fewer items at a time."
            ),
            (TransportFailure(.closed), "Closed: the client was closed."),
            (TransportFailure(.cancelled), "Cancelled: the call was cancelled."),
        ]
        for (failure, text) in texts {
            #expect(try describe(failure).description == "Scan table t failed: " + text)
        }
    }

    @Test("what may pass by itself is transient, a truncated answer malformed, a bad certificate fatal")
    func kinds() throws {
        #expect(try describe(curl(CURLE_COULDNT_CONNECT)).kind == .transient)
        #expect(try describe(curl(CURLE_COULDNT_RESOLVE_HOST)).kind == .transient)
        #expect(try describe(curl(CURLE_OPERATION_TIMEDOUT)).kind == .transient)
        #expect(try describe(curl(CURLE_GOT_NOTHING)).kind == .transient)
        #expect(try describe(curl(CURLE_RECV_ERROR)).kind == .transient)
        #expect(try describe(curl(CURLE_PARTIAL_FILE)).kind == .malformed)
        #expect(try describe(curl(CURLE_PEER_FAILED_VERIFICATION)).kind == .fatal)
        #expect(try describe(TransportFailure(.queueFull(limit: 1))).kind == .throttled)
        #expect(try describe(TransportFailure(.requestTooLarge(limit: 1))).kind == .fatal)
        #expect(try describe(TransportFailure(.closed)).kind == .cancelled)
    }
}
