import CCurl
import Testing

@testable import CurlTransport

@Suite struct TransportFailureCauseTests {
    @Test("each result of libcurl that says what to do has a cause of its own, and the others keep their number")
    func causes() {
        let causes: [(CURLcode, TransportFailure.Cause)] = [
            (CURLE_COULDNT_RESOLVE_HOST, .nameNotResolved),
            (CURLE_COULDNT_RESOLVE_PROXY, .proxyNotResolved),
            (CURLE_COULDNT_CONNECT, .cannotConnect(systemError: 113)),
            (CURLE_OPERATION_TIMEDOUT, .timedOut),
            (CURLE_PEER_FAILED_VERIFICATION, .certificateNotTrusted),
            (CURLE_SSL_CACERT_BADFILE, .invalidCertificates),
            (CURLE_SSL_CONNECT_ERROR, .tlsFailed),
            (CURLE_PARTIAL_FILE, .truncated),
            (CURLE_GOT_NOTHING, .other(code: 52)),
            (CURLE_RECV_ERROR, .other(code: 56)),
        ]
        for (result, cause) in causes {
            #expect(TransportFailure.Cause(result, systemError: 113) == cause)
        }
    }
}
