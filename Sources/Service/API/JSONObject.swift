import TableModel

/// Builds one JSON object, member by member, straight into bytes.
struct JSONObject {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]
    private var isEmpty = true

    /// The object, complete.
    var closed: [UInt8] { bytes + [UInt8(ascii: "}")] }

    mutating func add(_ name: String, _ value: String?) {
        startMember(name)
        if let value { JSONWriter.append(value, to: &bytes) } else { bytes += "null".utf8 }
    }

    mutating func add(_ name: String, _ value: Int64?) {
        startMember(name)
        if let value { JSONWriter.append(value, to: &bytes) } else { bytes += "null".utf8 }
    }

    mutating func add(_ name: String, _ value: Int) { add(name, Int64(value)) }

    mutating func add(_ name: String, _ value: Bool) {
        startMember(name)
        bytes += value ? "true".utf8 : "false".utf8
    }

    mutating func add(_ name: String, _ value: JSONObject?) {
        startMember(name)
        if let value { bytes += value.closed } else { bytes += "null".utf8 }
    }

    mutating func add(_ name: String, _ values: [JSONObject]) {
        startMember(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += value.closed
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func add(_ name: String, _ values: [String]) {
        startMember(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func startMember(_ name: String) {
        if !isEmpty { bytes.append(UInt8(ascii: ",")) }
        isEmpty = false
        JSONWriter.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }
}
