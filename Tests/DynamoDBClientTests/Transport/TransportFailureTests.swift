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

    @Test("a response that is too large blames the service that was called")
    func tooLarge() throws {
        let call = CallContext(operation: "Get", subject: "x", endpoint: try Endpoint("http://127.0.0.1:1"))
        #expect(
            TransportFailure(.responseTooLarge(limit: 10)).error(call).hint
                == "Check that http://127.0.0.1:1 hands out credentials, and is not another server."
        )
    }

    private static let host = "dynamodb.eu-central-1.amazonaws.com"

    @Test(
        "a proxy that fails is told apart from the endpoint",
        arguments: [
            (.other(code: 56), "CONNECT tunnel failed, response 407"),
            (
                .cannotConnect(systemError: 111),
                "Failed to connect to 10.0.0.9 port 3128 after 0 ms: Couldn't connect to server"
            ),
            (.cannotConnect(systemError: 111), "Failed to connect to \(host) port 443 via 10.0.0.9 after 0 ms: Error"),
            (.cannotConnect(systemError: 0), "Unsupported proxy scheme for 'ftp://10.0.0.9'"),
            (.proxyNotResolved, "Unsupported proxy syntax in 'http://10.0.0.9:99999'"),
        ] as [(TransportFailure.Cause, String)]
    )
    func proxies(cause: TransportFailure.Cause, words: String) throws {
        let error = try describe(TransportFailure(cause, detail: words))
        #expect(
            error.description
                == "Scan table t failed: ProxyFailed: the proxy makes no connection to https://\(Self.host): \(words). Check "
                + "https_proxy, http_proxy and no_proxy, and that the proxy allows this host."
        )
        #expect(error.kind == .transient)
    }

    @Test("the endpoint itself may refuse, also one that is an IPv6 address")
    func refusals() throws {
        for (url, host) in [("http://[::1]:8000", "::1"), ("http://LocalHost:8000", "localhost")] {
            let words = "Failed to connect to \(host) port 8000 after 0 ms: Couldn't connect to server"
            let failure = TransportFailure(.cannotConnect(systemError: 111), detail: words)
            #expect(!failure.isOfProxy(try Endpoint(url)))
        }
    }

    @Test("a proxy's URL that cannot be read is shown without its user and password")
    func proxyPassword() throws {
        let words = "Unsupported proxy syntax in 'http://me:hush@ho st:1'"
        #expect(try describe(TransportFailure(.proxyNotResolved, detail: words)).message.hasSuffix("in '…@ho st:1'"))
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
