import Basics
import CurlTransport

/// Requests to the instance metadata service with one token.
struct InstanceSession: Sendable {
    let fault: InstanceMetadataFault
    private let url: MetadataURL
    private let isKnown: Bool
    private let http: CredentialsHTTP
    private let limits: DynamoDBClientLimits
    private let patience: InstancePatience
    private let time: TimeSource
    /// By the continuous clock. No attempt begins later, and none lasts longer.
    private let deadline: Duration
    /// Whether the service took a connection for a token and gave no response: one that is there, and may recover.
    private(set) var hangs = false
    private var token: String?
    private var hasRenewed = false
    private var failures = 0

    /// With `isKnown`, silence is an outage and worth another attempt; without, it means that there is no such service here.
    /// All requests together end within `total`.
    init(
        url: MetadataURL,
        isKnown: Bool,
        patience: InstancePatience,
        total: Duration,
        http: CredentialsHTTP,
        limits: DynamoDBClientLimits,
        time: TimeSource
    ) {
        fault = InstanceMetadataFault(server: url.server, timeout: patience.timeout)
        self.patience = patience
        deadline = time.continuous() + total
        self.url = url
        self.isKnown = isKnown
        self.http = http
        self.limits = limits
        self.time = time
    }

    /// The response for a path: one that was found, or a 404. `subject` is for errors.
    mutating func get(_ path: String, subject: String) async throws(DynamoDBError) -> TransferResponse {
        while true {
            let held = try await heldToken()
            var request = TransferRequest(url: url.appending(path).text)
            request.fields = [HTTPField(name: "X-aws-ec2-metadata-token", value: held)]
            let response: TransferResponse
            do throws(TransportFailure) { response = try await send(request) } catch {
                try await retry(after: fault.failed(error, subject: subject))
                continue
            }
            switch response.status {
            case 200, 404: return response
            case 401 where !hasRenewed:
                // Tokens end when the instance is moved or restored from a snapshot.
                hasRenewed = true
                token = nil
            default: try await retry(after: fault.unexpected(response.status, subject: subject))
            }
        }
    }

    private mutating func heldToken() async throws(DynamoDBError) -> String {
        if let token { return token }
        var request = TransferRequest(url: url.appending("latest/api/token").text)
        request.method = "PUT"
        request.fields = [HTTPField(name: "X-aws-ec2-metadata-token-ttl-seconds", value: "21600")]
        while true {
            let response: TransferResponse
            do throws(TransportFailure) { response = try await send(request) } catch {
                let failure = fault.failed(error, subject: "token")
                if isKnown {
                    try await retry(after: failure)
                } else {
                    guard failure.kind != .cancelled else { throw failure }
                    hangs = error.isOfConnection
                    try await retry(after: failure, orThrow: fault.noResponse(error))
                }
                continue
            }
            hangs = false
            guard response.status == 200 else {
                // Other clouds and instances without the service refuse the request.
                if (300..<500).contains(response.status), ![401, 429].contains(response.status) {
                    throw fault.noTokens(response.status)
                }
                try await retry(after: fault.unexpected(response.status, subject: "token"))
                continue
            }
            let text = String(decoding: response.body, as: UTF8.self)
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw fault.noTokens(response.status)
            }
            token = text
            return text
        }
    }

    /// Waits for the next attempt, or throws `error` when there is none.
    private mutating func retry(after error: DynamoDBError) async throws(DynamoDBError) {
        let wait = limits.endpointRetry.wait(failures: failures, fraction: time.random())
        guard error.isRetryable, failures < patience.retries, time.continuous() + wait < deadline else { throw error }
        // A cancelled wait ends at once, and the next attempt says that the task was cancelled.
        try? await time.sleep(wait)
        failures += 1
    }

    /// The same for a service that is not known to be there: `absence` says that it is not.
    private mutating func retry(
        after error: DynamoDBError,
        orThrow absence: DynamoDBError
    ) async throws(DynamoDBError) {
        guard patience.retriesSilence else { throw absence }
        do throws(DynamoDBError) { try await retry(after: error) } catch { throw absence }
    }

    /// The service is a link-local address of this machine: no proxy can reach it.
    private func send(_ request: TransferRequest) async throws(TransportFailure) -> TransferResponse {
        var request = request
        request.isDirect = true
        // An attempt of no time at all would say nothing of the service.
        let timeout = max(.milliseconds(50), min(patience.timeout, deadline - time.continuous()))
        return try await http.send(request, timeout: timeout)
    }
}

extension TransportFailure {
    /// Whether the server took the connection, and the exchange failed behind that.
    var isOfConnection: Bool {
        switch cause {
        case .nameNotResolved, .proxyNotResolved, .cannotConnect: false
        // libcurl tells in words alone how far a request came: "Connection timed out" or "Operation timed out".
        case .timedOut: detail.hasPrefix("Operation timed out")
        default: true
        }
    }
}
