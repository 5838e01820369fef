extension HTTPRequest {
    /// Calls `body` with each field's name, as sent, and its value, white space around it dropped, in order. Both are valid only
    /// during the call. One pass, nothing allocated: for those who look for several fields at once.
    package func forEachField(_ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Void) {
        head.bytes.withUnsafeBufferPointer { bytes in
            FieldLines.forEach(in: UnsafeBufferPointer(rebasing: bytes[head.fieldsStart...]), body)
        }
    }

    /// Calls `body` with the value of each field of this name, given in lower case, in order, white space around it dropped. Each is
    /// valid only during the call. Nothing is allocated: for values that need not become text.
    package func forEachValue(of lowercasedName: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var name = lowercasedName
        name.withUTF8 { name in
            head.bytes.withUnsafeBufferPointer { bytes in
                FieldLines.forEachValue(of: name, in: UnsafeBufferPointer(rebasing: bytes[head.fieldsStart...]), body)
            }
        }
    }
}
