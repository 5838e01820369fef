import CurlTransport

extension DynamoDBClientLimits {
    /// The transport's settings: HTTP/1.1, the only version that DynamoDB's endpoints speak, since one connection a
    /// request keeps slow responses apart.
    func transportSettings(certificates: String?) -> TransportSettings {
        var connection = ConnectionSettings(connectTimeout: connectTimeout, certificates: certificates)
        connection.isHTTP11Only = true
        connection.isTLS12Required = true
        var settings = TransportSettings(over: connection)
        settings.responseFields = TransferResponse.awsFields
        settings.lanes = DynamoDBOperation.lanes
        settings.concurrentRequests = concurrentRequests
        settings.requestsKeptFree = requestsKeptFree
        settings.waitingRequests = waitingRequests
        settings.idleHandles = idleHandles
        settings.responseBytes = responseBytes
        settings.requestBytes = requestBytes
        settings.lowSpeedBytesPerSecond = lowSpeedBytesPerSecond
        settings.lowSpeedTime = lowSpeedTime
        return settings
    }
}

extension DynamoDBOperation {
    /// Lanes of the transport: one a service.
    static let lanes = 2

    /// The lane of the operation's requests. Those of the streams come first: they are few and small, and the replica's
    /// age depends on them.
    var lane: Int { isOfStreams ? 0 : 1 }
}
