extension JSONReader {
    /// Reads a whole document: nothing but white space may follow what `read` reads.
    package static func read<Value>(
        _ bytes: [UInt8],
        maximumDepth: Int = 96,
        _ read: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        try withReader(over: bytes, maximumDepth: maximumDepth) { json throws(JSONError) in
            let value = try read(&json)
            try json.readEnd()
            return value
        }
    }

    /// Calls `read` with a reader of `bytes`, all of which it need not read.
    package static func withReader<Value>(
        over bytes: [UInt8],
        maximumDepth: Int = 96,
        _ read: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var json = JSONReader(UnsafeRawBufferPointer(buffer), maximumDepth: maximumDepth)
            return try read(&json)
        }
    }
}
