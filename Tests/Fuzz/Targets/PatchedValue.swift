/// A JSON value that takes patches by the letter of RFC 6902; numbers and words stay as they are written.
indirect enum PatchedValue: Equatable {
    case word([UInt8])
    case text([UInt8])
    case list([PatchedValue])
    case object([[UInt8]: PatchedValue])

    init(parsing text: [UInt8]) {
        var rest = text[...]
        self.init(&rest)
        require(rest.isEmpty, "something behind a JSON value")
    }

    private init(_ rest: inout ArraySlice<UInt8>) {
        switch rest.first {
        case UInt8(ascii: "\""): self = .text(Self.string(&rest))
        case UInt8(ascii: "["):
            rest.removeFirst()
            var values: [PatchedValue] = []
            while !Self.ends(&rest, UInt8(ascii: "]"), isFirst: values.isEmpty) { values.append(PatchedValue(&rest)) }
            self = .list(values)
        case UInt8(ascii: "{"):
            rest.removeFirst()
            var members: [[UInt8]: PatchedValue] = [:]
            while !Self.ends(&rest, UInt8(ascii: "}"), isFirst: members.isEmpty) {
                let name = Self.string(&rest)
                require(rest.popFirst() == UInt8(ascii: ":"), "a name without a value")
                require(members.updateValue(PatchedValue(&rest), forKey: name) == nil, "a name given twice")
            }
            self = .object(members)
        default:
            let word = rest.prefix { !",]}".utf8.contains($0) }
            require(!word.isEmpty, "a JSON value that is missing")
            rest = rest.dropFirst(word.count)
            self = .word(Array(word))
        }
    }

    /// Whether a list or object ends here; consumes its end, or the comma before the next part.
    private static func ends(_ rest: inout ArraySlice<UInt8>, _ end: UInt8, isFirst: Bool) -> Bool {
        if rest.first == end {
            rest.removeFirst()
            return true
        }
        if !isFirst { require(rest.popFirst() == UInt8(ascii: ","), "a comma that is missing") }
        return false
    }

    private static func string(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        require(rest.popFirst() == UInt8(ascii: "\""), "a string that is missing")
        var text: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "b"): text.append(8)
            case UInt8(ascii: "f"): text.append(12)
            case UInt8(ascii: "u"):
                let digits = String(decoding: rest.prefix(4), as: UTF8.self)
                guard let unit = UInt16(digits, radix: 16) else { fatalError("an escape without digits") }
                rest = rest.dropFirst(4)
                text += String(decoding: [unit], as: UTF16.self).utf8
            case let other?: text.append(other)
            case nil: fatalError("an escape that is cut off")
            }
        }
        return text
    }

    /// The value after one operation.
    func applying(_ operation: PatchedValue) -> PatchedValue {
        guard case .object(let members) = operation, case .text(let name)? = members[Array("op".utf8)],
            case .text(let path)? = members[Array("path".utf8)]
        else { fatalError("an operation without a name or a path") }
        let value = members[Array("value".utf8)]
        let operation = String(decoding: name, as: UTF8.self)
        require((value == nil) == (operation == "remove"), "an operation without its value, or with one of its own")
        if path.isEmpty {
            guard operation == "replace", let value else { fatalError("the root can only be replaced") }
            return value
        }
        require(path.first == UInt8(ascii: "/"), "a path that is no JSON Pointer")
        let tokens = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        return applying(operation, tokens.map(Self.unescaped)[...], value)
    }

    private func applying(_ operation: String, _ path: ArraySlice<[UInt8]>, _ value: PatchedValue?) -> PatchedValue {
        guard let token = path.first else { fatalError("a path that ends too early") }
        let rest = path.dropFirst()
        switch self {
        case .object(var members):
            let known = members[token]
            if !rest.isEmpty {
                guard let known else { fatalError("a path through a member that is missing") }
                members[token] = known.applying(operation, rest, value)
            } else {
                require((known == nil) == (operation == "add"), "a member added twice, or one that is missing")
                members[token] = value
            }
            return .object(members)
        case .list(var values):
            guard let index = Int(String(decoding: token, as: UTF8.self)) else { fatalError("an index that is none") }
            require(
                index < values.count || rest.isEmpty && operation == "add" && index == values.count,
                "an index too large"
            )
            if !rest.isEmpty {
                values[index] = values[index].applying(operation, rest, value)
            } else if operation == "add", let value {
                values.insert(value, at: index)
            } else if let value {
                values[index] = value
            } else {
                values.remove(at: index)
            }
            return .list(values)
        case .word, .text: fatalError("a path through a value that has no parts")
        }
    }

    private static func unescaped(_ token: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        var rest = token
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                text.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): text.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): text.append(UInt8(ascii: "/"))
            default: fatalError("a tilde that escapes nothing")
            }
        }
        return text
    }
}
