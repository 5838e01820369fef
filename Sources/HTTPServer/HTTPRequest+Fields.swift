extension HTTPRequest {
    /// Calls `body` with each field's name, as sent, and its value, white space around it dropped, in order. Both are valid only
    /// during the call. One pass, nothing allocated: for those who look for several fields at once.
    package func forEachField(_ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Void) {
        head.bytes.withUnsafeBufferPointer { bytes in
            FieldLines.forEach(in: UnsafeBufferPointer(rebasing: bytes[head.fieldsStart...]), body)
        }
    }
}
