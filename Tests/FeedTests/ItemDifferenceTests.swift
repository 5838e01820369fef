import Basics
import TableModel
import Testing

@testable import Feed

@Suite struct ItemDifferenceTests {
    private func patch(_ old: String, _ new: String) -> String {
        var output: [UInt8] = []
        ItemDifference(old: Array(old.utf8), new: Array(new.utf8)).appendPatch(to: &output)
        return "[" + String(decoding: output, as: UTF8.self) + "]"
    }

    private func changed(_ old: String, _ new: String) -> String {
        var output: [UInt8] = []
        ItemDifference(old: Array(old.utf8), new: Array(new.utf8)).appendChangedNames(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test(
        "writes the operations of RFC 6902",
        arguments: [
            (#"{"a":1}"#, #"{"a":1}"#, "[]"),
            (#"{"a":1}"#, #"{"a":2}"#, #"[{"op":"replace","path":"/a","value":2}]"#),
            (#"{"a":1}"#, #"{"b":1}"#, #"[{"op":"remove","path":"/a"},{"op":"add","path":"/b","value":1}]"#),
            (#"{"a":{"b":[1,2]}}"#, #"{"a":{"b":[1,3]}}"#, #"[{"op":"replace","path":"/a/b/1","value":3}]"#),
            (#"{"l":[1,2,3]}"#, #"{"l":[1,3]}"#, #"[{"op":"remove","path":"/l/1"}]"#),
            (#"{"l":[1,3]}"#, #"{"l":[1,2,3]}"#, #"[{"op":"add","path":"/l/1","value":2}]"#),
            (
                #"{"l":[1,2,3,4]}"#, #"{"l":[9,4]}"#,
                #"[{"op":"replace","path":"/l/0","value":9},{"op":"remove","path":"/l/2"},{"op":"remove","path":"/l/1"}]"#
            ),
            (
                #"{"a/b":1,"m~n":1}"#, #"{"a/b":2,"m~n":2}"#,
                #"[{"op":"replace","path":"/a~1b","value":2},{"op":"replace","path":"/m~0n","value":2}]"#
            ),
            (#"{"q\"}":"x\\"}"#, #"{"q\"}":"],{"}"#, #"[{"op":"replace","path":"/q\"}","value":"],{"}]"#),
            (#"{"a":{}}"#, #"{"a":[]}"#, #"[{"op":"replace","path":"/a","value":[]}]"#),
        ]
    )
    func operations(old: String, new: String, expected: String) {
        #expect(patch(old, new) == expected)
    }

    @Test("names what changed at the top")
    func names() {
        #expect(changed(#"{"a":1,"b":2,"c":{"d":1}}"#, #"{"a":1,"c":{"d":2},"e":null}"#) == #""c","e","b""#)
        #expect(changed("{}", #"{"a":1}"#) == #""a""#)
        #expect(changed(#"{"a":1}"#, #"{"a":1}"#) == "")
    }

    @Test("a patch applied to the old item gives the new one", arguments: 0..<300)
    func roundTrip(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<10 {
            // Under long names a patch of more than a few operations is longer than the item.
            let length = [0, 10, 400, 2000].randomElement(using: &random) ?? 0
            let prefix = String(repeating: "n", count: length)
            let old = Value.random(&random, depth: 0, prefix: prefix)
            let new = old.mutated(&random, prefix: prefix)
            let patch = patch(old.json, new.json)
            #expect(patch.utf8.count <= new.json.utf8.count + 1024)
            var text = Value.parse(old.json)
            for operation in Operation.parse(patch) { try text.apply(operation) }
            #expect(text == new, "\(old.json) to \(new.json): \(patch)")
        }
    }

    @Test("a list that changed under a long name is replaced, and what lies beside it is told as ever")
    func nearestAncestor() {
        let name = String(repeating: "n", count: 5000)
        let text = String(repeating: "x", count: 20_000)
        func item(_ first: Int) -> String {
            let list = (first..<first + 50).map(String.init).joined(separator: ",")
            return #"{"a":\#(first),"m":{"\#(name)":[\#(list)],"same":1},"text":"\#(text)","z":\#(first)}"#
        }
        let operations = Operation.parse(patch(item(100), item(200)))
        #expect(operations.map(\.path) == [["a"], ["m", name], ["z"]])
        #expect(operations.allSatisfy { $0.name == "replace" })
    }

    @Test("what cannot be told in an item's length replaces the root")
    func root() {
        let name = String(repeating: "n", count: 2000)
        #expect(patch(#"{"\#(name)":1,"a":1}"#, #"{"a":2}"#) == #"[{"op":"replace","path":"","value":{"a":2}}]"#)
        let old = (0..<40).map { #""\#($0)-\#(name)":[1]"# }.joined(separator: ",")
        let new = (0..<40).map { #""\#($0)-\#(name)":[2]"# }.joined(separator: ",")
        #expect(patch("{\(old)}", "{\(new)}") == #"[{"op":"replace","path":"","value":{\#(new)}}]"#)
    }

    @Test("100,000 numbers under a name of 60 KB make a patch no longer than the item")
    func amplification() {
        let name = String(repeating: "n", count: 60_000)
        func item(_ digit: Int) -> String {
            #"{"id":"a","\#(name)":["# + String(repeating: "\(digit),", count: 99_999) + "\(digit)]}"
        }
        let new = item(2)
        let patch = patch(item(1), new)
        #expect(patch.utf8.count <= new.utf8.count + 1024)
        #expect(patch.hasPrefix(#"[{"op":"replace","path":"/nnn"#))
    }

    @Test("the work is bounded as well: parts that are each written in vain end in one replacement")
    func effort() {
        let name = String(repeating: "n", count: 900)
        func item(_ digit: Int) -> String {
            let list = String(repeating: "\(digit),", count: 449) + "\(digit)"
            return #"{"a":["# + Array(repeating: #"{"\#(name)":[\#(list)]}"#, count: 222).joined(separator: ",") + "]}"
        }
        let new = item(2)
        #expect(patch(item(1), new) == #"[{"op":"replace","path":"","value":\#(new)}]"#)
    }
}

/// A JSON value, for a patch applier that shares nothing with what is tested.
private indirect enum Value: Equatable {
    case scalar(String)
    case array([Value])
    case object([String: Value])

    struct Misuse: Error {}

    var json: String {
        switch self {
        case .scalar(let text): text
        case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value.json)" }.joined(separator: ",")
                + "}"
        }
    }

    static func random(_ random: inout SplitMix64, depth: Int, prefix: String) -> Value {
        let kind = depth == 0 ? 2 : depth > 3 ? 0 : Int.random(in: 0...2, using: &random)
        switch kind {
        case 0: return .scalar(["1", "2", "\"x\"", "null", "true"].randomElement(using: &random) ?? "1")
        case 1:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    Self.random(&random, depth: depth + 1, prefix: prefix)
                }
            )
        default:
            var members: [String: Value] = [:]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let name = ["a", "b", "c/d", "e~f", "~1", prefix].randomElement(using: &random) ?? "a"
                members[name] = Self.random(&random, depth: depth + 1, prefix: prefix)
            }
            return .object(members)
        }
    }

    func mutated(_ random: inout SplitMix64, depth: Int = 0, prefix: String) -> Value {
        if depth > 0, Int.random(in: 0..<4, using: &random) == 0 {
            return Self.random(&random, depth: depth, prefix: prefix)
        }
        switch self {
        case .scalar: return self
        case .array(var values):
            if Bool.random(using: &random), !values.isEmpty {
                values.remove(at: Int.random(in: 0..<values.count, using: &random))
            }
            if Bool.random(using: &random) {
                let place = Int.random(in: 0...values.count, using: &random)
                values.insert(Self.random(&random, depth: depth + 1, prefix: prefix), at: place)
            }
            return .array(values.map { $0.mutated(&random, depth: depth + 1, prefix: prefix) })
        case .object(var members):
            for name in members.keys.sorted() {
                switch Int.random(in: 0..<5, using: &random) {
                case 0: members[name] = nil
                default: members[name] = members[name]?.mutated(&random, depth: depth + 1, prefix: prefix)
                }
            }
            if Bool.random(using: &random) { members["new"] = Self.random(&random, depth: depth + 1, prefix: prefix) }
            return .object(members)
        }
    }

    static func parse(_ json: String) -> Value {
        var rest = Substring(json)
        return parse(&rest)
    }

    static func parse(_ rest: inout Substring) -> Value {
        func close(_ end: Character) -> Bool {
            if rest.first == "," { rest.removeFirst() }
            guard rest.first == end else { return false }
            rest.removeFirst()
            return true
        }
        switch rest.first {
        case "[":
            rest.removeFirst()
            var values: [Value] = []
            while !close("]") { values.append(parse(&rest)) }
            return .array(values)
        case "{":
            rest.removeFirst()
            var members: [String: Value] = [:]
            while !close("}") {
                let name = String(rest.dropFirst().prefix { $0 != "\"" })
                rest = rest.dropFirst(name.count + 3)
                members[name] = parse(&rest)
            }
            return .object(members)
        default:
            let text = rest.prefix { !",]}".contains($0) }
            rest = rest.dropFirst(text.count)
            return .scalar(String(text))
        }
    }

    mutating func apply(_ operation: Operation) throws {
        guard operation.path.isEmpty else { return try apply(operation, operation.path[...]) }
        guard operation.name == "replace", let value = operation.value else { throw Misuse() }
        self = value
    }

    private mutating func apply(_ operation: Operation, _ path: ArraySlice<String>) throws {
        guard let token = path.first else { throw Misuse() }
        let rest = path.dropFirst()
        switch self {
        case .scalar: throw Misuse()
        case .array(var values):
            guard let index = Int(token) else { throw Misuse() }
            if rest.isEmpty, operation.name == "add" {
                guard index <= values.count, let value = operation.value else { throw Misuse() }
                values.insert(value, at: index)
            } else {
                guard values.indices.contains(index) else { throw Misuse() }
                if !rest.isEmpty {
                    try values[index].apply(operation, rest)
                } else if let value = operation.value {
                    values[index] = value
                } else {
                    values.remove(at: index)
                }
            }
            self = .array(values)
        case .object(var members):
            if rest.isEmpty {
                guard (members[token] == nil) == (operation.name == "add") else { throw Misuse() }
                members[token] = operation.value
            } else {
                guard members[token] != nil else { throw Misuse() }
                try members[token]?.apply(operation, rest)
            }
            self = .object(members)
        }
    }
}

private struct Operation {
    var name = ""
    var path: [String] = []
    var value: Value?

    static func parse(_ patch: String) -> [Operation] {
        guard case .array(let operations) = Value.parse(patch) else { return [] }
        return operations.compactMap { operation in
            guard case .object(let members) = operation, case .scalar(let name)? = members["op"],
                case .scalar(let path)? = members["path"]
            else { return nil }
            let tokens = path.dropFirst().dropLast().split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            return Operation(
                name: String(name.dropFirst().dropLast()),
                path: tokens.map { unescaped($0) },
                value: members["value"]
            )
        }
    }

    private static func unescaped(_ token: Substring) -> String {
        var result = ""
        var rest = token
        while let character = rest.popFirst() {
            if character == "~" { result.append(rest.popFirst() == "1" ? "/" : "~") } else { result.append(character) }
        }
        return result
    }
}
