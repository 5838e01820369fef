import CZlib
import CurlTransport
import TableModel

extension TransferResponse {
    /// Decodes a 200 after its checksum, or throws what kept it from being one.
    func decode<Response>(
        _ call: CallContext,
        limits: DynamoDBClientLimits,
        _ decode: (UnsafeRawBufferPointer) throws(JSONError) -> Response
    ) throws(DynamoDBError) -> Response {
        if let checksum, checksum != computedChecksum {
            throw call.error(
                .malformed,
                "ChecksumMismatch",
                "the answer's CRC-32 is \(computedChecksum), x-amz-crc32 says \(checksum)",
                hint: "It is asked for again; if it persists, look at proxies that rewrite or compress answers."
            )
        }
        guard status == 200 else { throw ServiceFault.error(self, call, limits: limits) }
        do throws(JSONError) {
            return try body.withUnsafeBufferPointer { bytes throws(JSONError) in
                try decode(UnsafeRawBufferPointer(bytes))
            }
        } catch {
            let reason = ServiceFault.bounded(error.located, limits.messageCharacters)
            throw call.error(
                .malformed,
                "InvalidAnswer",
                "\(call.endpoint) sent an answer that cannot be read: \(reason)",
                hint: "It is asked for again; if it persists, check that \(call.endpoint) is DynamoDB."
            )
        }
    }

    /// The zlib CRC-32 of the body.
    private var computedChecksum: UInt32 {
        body.withUnsafeBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return UInt32(truncatingIfNeeded: crc32_z(0, start, bytes.count))
        }
    }
}
