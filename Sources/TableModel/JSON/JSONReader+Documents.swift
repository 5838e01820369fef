extension JSONReader {
    /// Reads a whole document: nothing but white space may follow what `read` reads.
    package static func read<Value>(
        _ bytes: [UInt8],
        maximumDepth: Int = 96,
        _ read: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        let result = bytes.withUnsafeBytes { buffer -> Result<Value, JSONError> in
            var json = JSONReader(buffer, maximumDepth: maximumDepth)
            do throws(JSONError) {
                let value = try read(&json)
                try json.readEnd()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
