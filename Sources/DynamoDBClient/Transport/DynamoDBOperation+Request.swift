import CurlTransport

extension DynamoDBOperation {
    /// The POST that makes the call, without a signature. It has no Accept-Encoding: `x-amz-crc32` is the checksum of the bytes as
    /// sent, and libcurl would hand over others.
    func request(to endpoint: Endpoint, body: [UInt8]) -> TransferRequest {
        TransferRequest(
            url: endpoint.url,
            fields: [
                HTTPField(name: "Content-Type", value: "application/x-amz-json-1.0"),
                HTTPField(name: "X-Amz-Target", value: target),
            ],
            body: body
        )
    }
}
