import CurlTransport

extension CallContext {
    /// The signed POST that makes the call. It has no Accept-Encoding: `x-amz-crc32` is the checksum of the bytes as
    /// sent, and libcurl would hand over others.
    func request(region: String, credentials: Credentials, body: [UInt8]) -> TransferRequest {
        var request = TransferRequest(url: endpoint.url, body: body)
        request.fields = [
            HTTPField(name: "Content-Type", value: "application/x-amz-json-1.0"),
            HTTPField(name: "X-Amz-Target", value: operation.target),
        ]
        if let token = credentials.sessionToken {
            request.fields.append(HTTPField(name: "X-Amz-Security-Token", value: token))
        }
        request.signing = ("aws:amz:\(region):dynamodb", credentials.accessKeyID, credentials.secretAccessKey)
        return request
    }
}
