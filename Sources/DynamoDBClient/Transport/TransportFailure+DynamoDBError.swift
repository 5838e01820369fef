import CurlTransport
import Glibc

extension TransportFailure {
    /// The failure in an operator's words.
    func error(_ call: CallContext) -> DynamoDBError {
        switch cause {
        case .cancelled:
            return call.error(.cancelled, "Cancelled", "the call was cancelled", hint: "")
        case .closed:
            return call.error(.cancelled, "Closed", "the client was closed", hint: "")
        case .responseTooLarge(let limit):
            return call.error(
                .fatal,
                "AnswerTooLarge",
                "\(call.endpoint) sent more than the \(limit) bytes allowed",
                hint: call.isOfDynamoDB
                    ? "Check that the endpoint is DynamoDB, or ask for fewer items at a time."
                    : "Check that \(call.endpoint) hands out credentials, and is not another server."
            )
        case .requestTooLarge(let limit):
            return call.error(
                .fatal,
                "RequestTooLarge",
                "the request is larger than the \(limit) bytes allowed",
                hint: "Ask for fewer items at a time."
            )
        case .queueFull(let limit):
            return call.error(
                .throttled,
                "TooManyRequests",
                "\(limit) requests are waiting for a connection already",
                hint: "The endpoint is slower than what is asked of it: poll less often."
            )
        default: return exchangeError(call)
        }
    }

    private func exchangeError(_ call: CallContext) -> DynamoDBError {
        let endpoint = call.endpoint
        if isOfProxy(endpoint) {
            return call.error(
                .transient,
                "ProxyFailed",
                "the proxy makes no connection to \(endpoint): \(detail)",
                hint: "Check https_proxy, http_proxy and no_proxy, and that the proxy allows this host."
            )
        }
        switch cause {
        case .nameNotResolved:
            return call.error(
                .transient,
                "NameNotResolved",
                "the host name \(endpoint.host) cannot be resolved",
                hint: "Check the region and the endpoint URL, then try `getent hosts \(endpoint.host)`."
            )
        case .proxyNotResolved:
            return call.error(
                .transient,
                "ProxyNotResolved",
                detail,
                hint: "Check https_proxy, http_proxy and no_proxy."
            )
        case .cannotConnect(let systemError) where systemError == Int(ECONNREFUSED):
            return call.error(
                .transient,
                "ConnectionRefused",
                "\(endpoint) refuses connections",
                hint: "Check that the endpoint is running and that its port is right: `curl -sv \(endpoint)`."
            )
        case .cannotConnect:
            return call.error(
                .transient,
                "CannotConnect",
                "no connection to \(endpoint): \(detail)",
                hint: "Check the network, security groups and routes: `curl -sv \(endpoint)`."
            )
        case .timedOut:
            return call.error(
                .transient,
                "TimedOut",
                "\(endpoint) did not answer in time: \(detail)",
                hint: "Check the network and the load on the endpoint: `curl -sv \(endpoint)`."
            )
        case .certificateNotTrusted:
            return call.error(
                .fatal,
                "CertificateNotTrusted",
                "the certificate of \(endpoint) is not trusted: \(detail)",
                hint: "Check the host name, or set AWS_CA_BUNDLE to a PEM file with the certificate authority."
            )
        case .invalidCertificates:
            return call.error(
                .fatal,
                "InvalidCertificateBundle",
                detail,
                hint: "Set AWS_CA_BUNDLE to a readable PEM file, or install ca-certificates."
            )
        case .tlsFailed:
            return call.error(
                .transient,
                "TLSFailed",
                "no TLS connection to \(endpoint): \(detail)",
                hint: "Check that the endpoint speaks TLS; one that does not needs an http:// URL."
            )
        case .truncated:
            return call.error(
                .malformed,
                "TruncatedAnswer",
                "the answer of \(endpoint) ended early: \(detail)",
                hint: "It is asked for again; if it persists, look at proxies between here and the endpoint."
            )
        default:
            return call.error(
                .transient,
                "ConnectionFailed",
                "the exchange with \(endpoint) failed: \(detail)",
                hint: "Check the endpoint and what is between: `curl -sv \(endpoint)`."
            )
        }
    }
}
