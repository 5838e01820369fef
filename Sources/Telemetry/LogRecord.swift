import Basics
package import Logging

/// One log record's line.
package enum LogRecord {
    /// The bytes of the line, line feed included. Metadata keys come in name order, so equal records make equal lines.
    /// `milliseconds` since 1970 UTC.
    package static func line(
        format: LogFormat,
        milliseconds: Int64 = WallClock.milliseconds(),
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
            output += "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"logger\":".utf8
            appendJSON(label, to: &output)
            output += ",\"message\":".utf8
            appendJSON(message, to: &output)
            if !sorted.isEmpty {
                output += ",\"metadata\":".utf8
                appendJSON(.dictionary(metadata), to: &output)
            }
            output += "}".utf8
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

    private static func appendJSON(_ value: Logger.MetadataValue, to output: inout [UInt8]) {
        switch value {
        case .string(let text): appendJSON(text, to: &output)
        case .stringConvertible(let value):
            if isNumber(value) { output += value.description.utf8 } else { appendJSON(value.description, to: &output) }
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                appendJSON(value, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .dictionary(let members):
            output.append(UInt8(ascii: "{"))
            for (index, (key, value)) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                appendJSON(key, to: &output)
                output.append(UInt8(ascii: ":"))
                appendJSON(value, to: &output)
            }
            output.append(UInt8(ascii: "}"))
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

    private static func appendJSON(_ text: String, to output: inout [UInt8]) {
        let hex = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): output += "\\n".utf8
            case UInt8(ascii: "\t"): output += "\\t".utf8
            case 0..<0x20: output += "\\u00".utf8 + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Controls become spaces: whatever a message holds, a record stays one line.
    private static func appendText(_ text: String, quoted: Bool, to output: inout [UInt8]) {
        if quoted { output.append(UInt8(ascii: "\"")) }
        for byte in text.utf8 { output.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte) }
        if quoted { output.append(UInt8(ascii: "\"")) }
    }
}
