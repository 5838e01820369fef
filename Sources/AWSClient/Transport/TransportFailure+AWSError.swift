import CCurl
import Glibc

extension TransportFailure {
    /// The failure in an operator's words.
    func error(_ call: AWSCallSite) -> AWSError {
        switch cause {
        case .cancelled:
            return call.error(.cancelled, "Cancelled", "the call was cancelled", hint: "")
        case .closed:
            return call.error(.cancelled, "Closed", "the client was closed", hint: "")
        case .answerTooLarge(let limit):
            return call.error(
                .fatal,
                "AnswerTooLarge",
                "\(call.endpoint) sent more than the \(limit) bytes allowed",
                hint: "Check that the endpoint is DynamoDB, or ask for fewer items at a time."
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
        case .curl(let code, let systemError):
            return curlError(CURLcode(rawValue: code), systemError: Int32(systemError), call)
        }
    }

    private func curlError(_ code: CURLcode, systemError: Int32, _ call: AWSCallSite) -> AWSError {
        let endpoint = call.endpoint
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return call.error(
                .transient,
                "NameNotResolved",
                "the host name \(endpoint.host) cannot be resolved",
                hint: "Check the region and the endpoint URL, then try `getent hosts \(endpoint.host)`."
            )
        case CURLE_COULDNT_RESOLVE_PROXY:
            return call.error(
                .transient,
                "ProxyNotResolved",
                detail,
                hint: "Check https_proxy, http_proxy and no_proxy."
            )
        case CURLE_COULDNT_CONNECT where systemError == ECONNREFUSED:
            return call.error(
                .transient,
                "ConnectionRefused",
                "\(endpoint) refuses connections",
                hint: "Check that the endpoint is running and that its port is right: `curl -sv \(endpoint)`."
            )
        case CURLE_COULDNT_CONNECT:
            return call.error(
                .transient,
                "CannotConnect",
                "no connection to \(endpoint): \(detail)",
                hint: "Check the network, security groups and routes: `curl -sv \(endpoint)`."
            )
        case CURLE_OPERATION_TIMEDOUT:
            return call.error(
                .transient,
                "TimedOut",
                "\(endpoint) did not answer in time: \(detail)",
                hint: "Check the network and the load on the endpoint: `curl -sv \(endpoint)`."
            )
        case CURLE_PEER_FAILED_VERIFICATION:
            return call.error(
                .fatal,
                "CertificateNotTrusted",
                "the certificate of \(endpoint) is not trusted: \(detail)",
                hint: "Check the host name, or set AWS_CA_BUNDLE to a PEM file with the certificate authority."
            )
        case CURLE_SSL_CACERT_BADFILE:
            return call.error(
                .fatal,
                "InvalidCertificateBundle",
                detail,
                hint: "Set AWS_CA_BUNDLE to a readable PEM file, or install ca-certificates."
            )
        case CURLE_SSL_CONNECT_ERROR:
            return call.error(
                .transient,
                "TLSFailed",
                "no TLS connection to \(endpoint): \(detail)",
                hint: "Check that the endpoint speaks TLS; one that does not needs an http:// URL."
            )
        case CURLE_PARTIAL_FILE:
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
