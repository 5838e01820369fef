import Glibc

/// Reads the case files beside this one.
package enum CaseFile {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Every case of every file, in the order of the files' names; a mistake in one traps, as tests cannot run without them.
    package static let all: [HTTPCase] = {
        do { return try files().flatMap { try cases(in: $0) } } catch { preconditionFailure("\(error)") }
    }()

    private static var folder: String {
        let here = #filePath
        return String(here[..<(here.lastIndex(of: "/") ?? here.startIndex)]) + "/Cases"
    }

    private static func files() throws(Failure) -> [String] {
        guard let directory = opendir(folder) else { throw Failure(description: "no folder \(folder)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".http") { names.append(folder + "/" + name) }
        }
        guard !names.isEmpty else { throw Failure(description: "no cases in \(folder)") }
        return names.sorted()
    }

    private static func cases(in path: String) throws(Failure) -> [HTTPCase] {
        guard let file = fopen(path, "r") else { throw Failure(description: "cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        var cases: [HTTPCase] = []
        var block: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") { continue }
            if line.isEmpty {
                cases += try CaseBlock(block, path).cases()
                block = []
            } else {
                block.append(String(line))
            }
        }
        return cases + (try CaseBlock(block, path).cases())
    }
}

/// The lines of one case, or of one for each of its variants.
struct CaseBlock {
    private let lines: [String]
    private let path: String

    init(_ lines: [String], _ path: String) {
        self.lines = lines
        self.path = path
    }

    func cases() throws(CaseFile.Failure) -> [HTTPCase] {
        guard let title = lines.first else { return [] }
        // The space behind "each" is not part of the text; without it the text is empty.
        let isVariant = { (line: String) in line == "each" || line.hasPrefix("each ") }
        let variants = lines.filter(isVariant).map { String($0.dropFirst(5)) }
        let rest = lines.dropFirst().filter { !isVariant($0) }
        if variants.isEmpty { return [try parse(title, rest)] }
        var cases: [HTTPCase] = []
        for variant in variants {
            cases.append(try parse("\(title) [\(variant)]", rest.map { $0.replacing("${each}", with: variant) }))
        }
        return cases
    }

    private func parse(_ name: String, _ lines: [String]) throws(CaseFile.Failure) -> HTTPCase {
        var result = HTTPCase(name: name)
        var step = HTTPCase.Step()
        var end: HTTPCase.End?
        for line in lines {
            let word = String(line.prefix { $0 != " " })
            let rest = String(line.dropFirst(word.count + 1))
            switch word {
            case "scope": result.scope = try value(rest, line)
            case "end": end = try value(rest, line)
            case "send":
                if step.isInterim || !step.replies.isEmpty {
                    result.steps.append(step)
                    step = HTTPCase.Step()
                }
                step.bytes += try Self.unescape(rest, line)
            case "interim":
                if rest == "maybe" { result.mayContinue = true } else { step.isInterim = true }
            case "answer", "refuse": step.replies.append(try reply(word, rest, line))
            default:
                guard !step.replies.isEmpty else { throw failure(line) }
                try add(word, rest, to: &step.replies[step.replies.count - 1], line)
            }
        }
        result.steps.append(step)
        let isRefused = result.replies.last.map { $0.request == nil } ?? false
        result.end = end ?? (isRefused ? .close : .open)
        return result
    }

    private func reply(_ word: String, _ rest: String, _ line: String) throws(CaseFile.Failure) -> HTTPCase.Reply {
        let parts = rest.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard let status = parts[0] == "ANY" ? 0 : Int(parts[0]), parts.count == 1 ? word == "refuse" : parts.count > 2
        else {
            throw failure(line)
        }
        var reply = HTTPCase.Reply(status: status)
        guard word == "answer" else { return reply }
        reply.request = HTTPCase.Request(
            method: parts[1],
            target: String(decoding: try Self.unescape(parts[2], line), as: UTF8.self),
            body: parts.count > 3 ? try Self.unescape(parts[3], line) : []
        )
        return reply
    }

    private func add(
        _ word: String,
        _ rest: String,
        to reply: inout HTTPCase.Reply,
        _ line: String
    ) throws(CaseFile.Failure) {
        switch word {
        case "field":
            let parts = rest.split(separator: ":", maxSplits: 1).map(String.init)
            reply.fields.append((parts[0].lowercased(), parts.count > 1 ? String(parts[1].dropFirst()) : nil))
        case "without": reply.absent.append(rest.lowercased())
        case "body": reply.body = try Self.unescape(rest, line)
        case "holds": reply.bodyHolds.append(try Self.unescape(rest, line))
        case "keep":
            let parts = rest.split(separator: " ").map(String.init)
            guard parts.count == 2 else { throw failure(line) }
            reply.kept.append((parts[0], parts[1].lowercased()))
        default: throw failure(line)
        }
    }

    private func value<Value: RawRepresentable<String>>(
        _ text: String,
        _ line: String
    ) throws(CaseFile.Failure) -> Value {
        guard let value = Value(rawValue: text) else { throw failure(line) }
        return value
    }

    private func failure(_ line: String) -> CaseFile.Failure {
        CaseFile.Failure(description: "\(path): cannot read the line \(line.debugDescription)")
    }

    /// `\r \n \t \\`, `\xHH`, and `\{x*20}` for twenty times x.
    private static func unescape(_ text: String, _ line: String) throws(CaseFile.Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "\\"): bytes.append(92)
            case UInt8(ascii: "x"):
                guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { fallthrough }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "{"):
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")), let repeated = rest.first,
                    let count = Int(String(decoding: rest[..<end].dropFirst(2), as: UTF8.self))
                else { fallthrough }
                bytes += Array(repeating: repeated, count: count)
                rest = rest[(end + 1)...]
            default: throw CaseFile.Failure(description: "unknown escape in \(line.debugDescription)")
            }
        }
        return bytes
    }
}
