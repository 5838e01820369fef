import CurlTransport

/// Settings of a transport with two lanes, like those of the client of DynamoDB, after a change.
func makeSettings(_ change: (inout TransportSettings) -> Void = { _ in }) -> TransportSettings {
    var connection = ConnectionSettings(connectTimeout: .seconds(3))
    connection.isHTTP11Only = true
    connection.isTLS12Required = true
    var settings = TransportSettings(over: connection)
    settings.responseFields = ["x-amz-crc32", "x-amzn-requestid", "x-amzn-errortype"]
    settings.lanes = 2
    settings.concurrentRequests = 80
    settings.requestsKeptFree = 16
    settings.waitingRequests = 4_096
    settings.idleHandles = 64
    settings.responseBytes = 64 << 20
    settings.requestBytes = (1 << 20) - 1
    settings.lowSpeedBytesPerSecond = 64
    change(&settings)
    return settings
}

func makeTransport(_ change: (inout TransportSettings) -> Void = { _ in }) throws -> Transport {
    try Transport(makeSettings(change))
}

/// A POST as the client of DynamoDB makes it.
func makeRequest(_ url: String, body: String = "{}") -> TransferRequest {
    TransferRequest(
        url: url + "/",
        fields: [HTTPField(name: "Content-Type", value: "application/x-amz-json-1.0")],
        body: Array(body.utf8)
    )
}

extension Transport {
    /// Sends in the second lane, with time enough.
    func send(_ request: TransferRequest, timeout: Duration = .seconds(20)) async throws(TransportFailure)
        -> TransferResponse
    {
        try await send(request, lane: 1, timeout: timeout)
    }
}
