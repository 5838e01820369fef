import CurlTransport

/// Requests to the services that hand out keys: STS, SSO and the metadata services. Each has a connection of its own: they are rare.
struct CredentialsHTTP: Sendable {
    private let limits: DynamoDBClientLimits
    private let certificates: String?

    /// `certificates` is a PEM file to trust in place of the system's.
    init(limits: DynamoDBClientLimits, certificates: String?) {
        self.limits = limits
        self.certificates = certificates
    }

    /// Sends a request, and waits `timeout` at most for the whole response. Cancelling the task ends it.
    func send(_ request: TransferRequest, timeout: Duration) async throws(TransportFailure) -> TransferResponse {
        var connection = ConnectionSettings(connectTimeout: timeout, certificates: certificates)
        connection.isHTTP11Only = true
        connection.isTLS12Required = true
        var settings = TransportSettings(over: connection)
        settings.responseFields = TransferResponse.awsFields
        settings.waitingRequests = 1
        settings.responseBytes = limits.credentialsResponseBytes
        settings.requestBytes = limits.requestBytes
        settings.lowSpeedTime = timeout
        let transport: Transport
        do { transport = try Transport(settings) } catch {
            throw TransportFailure(.other(code: 0), detail: error.reason)
        }
        defer { transport.close() }
        return try await transport.send(request, lane: 0, timeout: timeout)
    }
}
