import Basics
package import Logging

/// One log record's line.
package enum LogRecord {
    /// The bytes of the line, line feed included. Metadata keys come in name order, so equal records make equal lines.
    /// `milliseconds` since 1970 UTC.
    package static func line(
        format: LogFormat,
        milliseconds: Int64 = SystemClock.wallMilliseconds(),
        label: String,
        level: Logger.Level,
        message: String,
        metadata: Logger.Metadata
    ) -> [UInt8] {
        let time = Timestamp.text(milliseconds)
        let sorted = metadata.sorted { $0.key < $1.key }
        var output: [UInt8] = []
        switch format {
        case .json:
            var json = JSONWriter()
            json.beginObject()
            json.member("time", time)
            json.member("level", level.rawValue)
            json.name("logger")
            append(label, to: &json)
            json.name("message")
            append(message, to: &json)
            if !sorted.isEmpty {
                json.name("metadata")
                append(.dictionary(metadata), to: &json)
            }
            json.endObject()
            output = json.bytes
        case .text:
            output += "\(time) \(level.rawValue) ".utf8
            appendText(message, quoted: false, to: &output)
            for (key, value) in sorted {
                output += " \(key)=".utf8
                let text = "\(value)"
                appendText(text, quoted: text.utf8.contains(UInt8(ascii: " ")), to: &output)
            }
        }
        output.append(UInt8(ascii: "\n"))
        return output
    }

    private static func append(_ value: Logger.MetadataValue, to json: inout JSONWriter) {
        switch value {
        case .string(let text): append(text, to: &json)
        case .stringConvertible(let value):
            if isNumber(value) { json.raw(value.description) } else { append(value.description, to: &json) }
        case .array(let values): json.array(values) { append($1, to: &$0) }
        case .dictionary(let members):
            json.object { json in
                for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                    json.name(key)
                    append(value, to: &json)
                }
            }
        }
    }

    /// Whether a value's description is a JSON number or `true` or `false`.
    private static func isNumber(_ value: any CustomStringConvertible) -> Bool {
        switch value {
        case is any BinaryInteger, is Bool: true
        case let number as Double: number.isFinite
        default: false
        }
    }

    /// Writes a string. Of the controls only the line feed and the tab have a letter, as these lines have always had it.
    private static func append(_ text: String, to json: inout JSONWriter) {
        json.separate()
        json.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): json.bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): json.bytes += "\\n".utf8
            case UInt8(ascii: "\t"): json.bytes += "\\t".utf8
            case 0..<0x20: json.bytes += "\\u00".utf8 + [Hex.digit(byte >> 4), Hex.digit(byte & 15)]
            default: json.bytes.append(byte)
            }
        }
        json.bytes.append(UInt8(ascii: "\""))
    }

    /// Controls become spaces: whatever a message holds, a record stays one line.
    private static func appendText(_ text: String, quoted: Bool, to output: inout [UInt8]) {
        if quoted { output.append(UInt8(ascii: "\"")) }
        for byte in text.utf8 { output.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte) }
        if quoted { output.append(UInt8(ascii: "\"")) }
    }
}
