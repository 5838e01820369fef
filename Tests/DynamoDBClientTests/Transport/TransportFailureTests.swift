import CurlTransport
import Testing

@testable import DynamoDBClient

@Suite struct TransportFailureTests {
    private func describe(_ failure: TransportFailure) throws -> DynamoDBError {
        failure.error(
            CallContext(
                .scan,
                subject: "table t",
                endpoint: try Endpoint("https://dynamodb.eu-central-1.amazonaws.com")
            )
        )
    }

    private func curl(_ cause: TransportFailure.Cause) -> TransportFailure {
        TransportFailure(cause, detail: "libcurl's words")
    }

    @Test("each way in which an exchange fails is said with what to check")
    func texts() throws {
        let host = "dynamodb.eu-central-1.amazonaws.com"
        let texts: [(TransportFailure, String)] = [
            (
                curl(.nameNotResolved),
                "NameNotResolved: the host name \(host) cannot be resolved. "
                    + "Check the region and the endpoint URL, then try `getent hosts \(host)`."
            ),
            (
                curl(.cannotConnect(systemError: 111)),
                "ConnectionRefused: https://\(host) refuses connections. "
                    + "Check that the endpoint is running and that its port is right: `curl -sv https://\(host)`."
            ),
            (
                curl(.cannotConnect(systemError: 113)),
                "CannotConnect: no connection to https://\(host): libcurl's words. "
                    + "Check the network, security groups and routes: `curl -sv https://\(host)`."
            ),
            (
                curl(.timedOut),
                "TimedOut: https://\(host) did not answer in time: libcurl's words. "
                    + "Check the network and the load on the endpoint: `curl -sv https://\(host)`."
            ),
            (
                curl(.certificateNotTrusted),
                "CertificateNotTrusted: the certificate of https://\(host) is not trusted: libcurl's words. "
                    + "Check the host name, or set AWS_CA_BUNDLE to a PEM file with the certificate authority."
            ),
            (
                curl(.invalidCertificates),
                "InvalidCertificateBundle: libcurl's words. "
                    + "Set AWS_CA_BUNDLE to a readable PEM file, or install ca-certificates."
            ),
            (
                curl(.tlsFailed),
                "TLSFailed: no TLS connection to https://\(host): libcurl's words. "
                    + "Check that the endpoint speaks TLS; one that does not needs an http:// URL."
            ),
            (
                curl(.proxyNotResolved),
                "ProxyNotResolved: libcurl's words. Check https_proxy, http_proxy and no_proxy."
            ),
            (
                TransportFailure(.responseTooLarge(limit: 10)),
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
        #expect(try describe(curl(.cannotConnect(systemError: 0))).kind == .transient)
        #expect(try describe(curl(.nameNotResolved)).kind == .transient)
        #expect(try describe(curl(.timedOut)).kind == .transient)
        // CURLE_GOT_NOTHING and CURLE_RECV_ERROR.
        #expect(try describe(curl(.other(code: 52))).kind == .transient)
        #expect(try describe(curl(.other(code: 56))).kind == .transient)
        #expect(try describe(curl(.truncated)).kind == .malformed)
        #expect(try describe(curl(.certificateNotTrusted)).kind == .fatal)
        #expect(try describe(TransportFailure(.queueFull(limit: 1))).kind == .throttled)
        #expect(try describe(TransportFailure(.requestTooLarge(limit: 1))).kind == .fatal)
        #expect(try describe(TransportFailure(.closed)).kind == .cancelled)
    }
}
