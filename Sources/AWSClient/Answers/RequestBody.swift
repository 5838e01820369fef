import TableModel

/// Builds the JSON object that a request carries.
struct RequestBody {
    private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

    /// The finished object.
    consuming func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    mutating func member(_ name: String, _ text: String) {
        begin(name)
        JSONWriter.append(text, to: &bytes)
    }

    mutating func member(_ name: String, _ integer: Int) {
        begin(name)
        JSONWriter.append(Int64(integer), to: &bytes)
    }

    mutating func member(_ name: String, _ flag: Bool) {
        begin(name)
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    /// Attributes in DynamoDB's typed form, by name.
    mutating func member(_ name: String, _ attributes: [AttributeName: AttributeValue]) {
        begin(name)
        append(attributes)
    }

    mutating func member(_ name: String, _ list: [[AttributeName: AttributeValue]]) {
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for (index, attributes) in list.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(attributes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// A nested object.
    mutating func member(_ name: String, _ build: (inout RequestBody) -> Void) {
        begin(name)
        var nested = RequestBody()
        build(&nested)
        bytes.append(contentsOf: nested.finish())
    }

    private mutating func append(_ attributes: [AttributeName: AttributeValue]) {
        bytes.append(UInt8(ascii: "{"))
        // Sorted, so that equal requests have equal bytes.
        for (index, (name, value)) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(name.text, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            JSONWriter.appendDynamoDB(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func begin(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        JSONWriter.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }
}
