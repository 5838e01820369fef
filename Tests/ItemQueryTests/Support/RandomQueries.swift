import Basics
import TableModel

/// Draws items and predicates from so few names and values that they often meet.
struct RandomQueries {
    var generator: SplitMix64
    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    private static let names = ["a", "b", "c", "and", "x y", "ü", "u\u{308}", "`", "size"]
    private static let texts = ["", "a", "ab", "abab", "b", "é", "e\u{301}", "😀", "'", "\"", "a\u{0}b"]
    private static let digits = [
        "0", "1", "1.0", "1E0", "-1", "100", "1E+2", "0.5", "9007199254740993", "9007199254740992",
    ]
    private static let binaries: [[UInt8]] = [[], [0], [0, 255], [255], [0, 255, 0], [97]]

    mutating func pick<T>(_ values: [T]) -> T {
        let index = Int.random(in: 0..<values.count, using: &generator)
        return values[index]
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func value(depth: Int = 2) -> AttributeValue {
        switch Int.random(in: 0..<(depth > 0 ? 14 : 8), using: &generator) {
        case 0, 1, 2: return .string(pick(Self.texts))
        case 3, 4: return .number(pick(Self.digits))
        case 5: return .binary(pick(Self.binaries))
        case 6: return .bool(chance(50))
        case 7: return .null
        case 8: return .stringSet(distinct(Self.texts) { Array($0.utf8) })
        case 9: return .numberSet(distinct(Self.digits) { DecimalNumber($0) })
        case 10: return .binarySet(distinct(Self.binaries) { $0 })
        case 11, 12: return .list((0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth: depth - 1) })
        default: return .map(attributes(depth: depth - 1, most: 3))
        }
    }

    private mutating func distinct<T, Identity: Hashable>(_ values: [T], _ identity: (T) -> Identity) -> [T] {
        var seen: Set<Identity> = []
        return (0..<Int.random(in: 1...3, using: &generator)).map { _ in pick(values) }
            .filter { seen.insert(identity($0)).inserted }
    }

    mutating func attributes(depth: Int = 2, most: Int = 6) -> [AttributeName: AttributeValue] {
        var result: [AttributeName: AttributeValue] = [:]
        for _ in 0..<Int.random(in: 0...most, using: &generator) {
            result[AttributeName(pick(Self.names))] = value(depth: depth)
        }
        return result
    }

    /// A predicate as text and as the reference has it.
    mutating func predicate(depth: Int = 3) -> (text: String, reference: ReferencePredicate) {
        switch Int.random(in: 0..<(depth > 0 ? 14 : 9), using: &generator) {
        case 0, 1, 2, 3:
            let sign = pick(["=", "!=", "<", "<=", ">", ">="])
            let (left, right) = (operand(), operand(ordered: sign.first != "=" && sign != "!="))
            let spelled = sign == "!=" && chance(50) ? "<>" : sign
            return (
                "\(left.text)\(pick(["", " "]))\(spelled) \(right.text)", .compare(sign, left.operand, right.operand)
            )
        case 4:
            let (value, lower, upper) = (operand(), operand(ordered: true), operand(ordered: true))
            let text = "\(value.text) \(pick(["BETWEEN", "between"])) \(lower.text) and \(upper.text)"
            return (text, .between(value.operand, lower.operand, upper.operand))
        case 5:
            let value = operand()
            let candidates = (0..<Int.random(in: 1...3, using: &generator)).map { _ in operand() }
            let text = "\(value.text) \(pick(["IN", "in"])) (\(candidates.map(\.text).joined(separator: ", ")))"
            return (text, .among(value.operand, candidates.map(\.operand)))
        case 6:
            let path = path()
            if chance(50) { return ("exists(\(path.text))", .exists(path.root, path.steps)) }
            return ("attribute_not_exists(\(path.text))", .not(.exists(path.root, path.steps)))
        case 7:
            let (value, part) = (operand(), operand())
            return ("contains(\(value.text), \(part.text))", .contains(value.operand, part.operand))
        case 8:
            if chance(50) {
                let path = path()
                let type = pick(["S", "N", "B", "SS", "NS", "BS", "L", "M", "NULL", "BOOL"])
                return ("attribute_type(\(path.text), '\(type)')", .hasType(path.root, path.steps, type))
            }
            let value = operand()
            let prefix: AttributeValue = chance(70) ? .string(pick(Self.texts)) : .binary(pick(Self.binaries))
            return ("Begins_With(\(value.text), \(literal(prefix)))", .beginsWith(value.operand, .literal(prefix)))
        case 9, 10:
            let (left, right) = (predicate(depth: depth - 1), predicate(depth: depth - 1))
            return ("(\(left.text)) \(pick(["AND", "and"])) (\(right.text))", .and(left.reference, right.reference))
        case 11, 12:
            let (left, right) = (predicate(depth: depth - 1), predicate(depth: depth - 1))
            return ("(\(left.text)) \(pick(["OR", "Or"])) (\(right.text))", .or(left.reference, right.reference))
        default:
            let term = predicate(depth: depth - 1)
            return ("\(pick(["NOT", "not"])) (\(term.text))", .not(term.reference))
        }
    }

    private mutating func path() -> (text: String, root: String, steps: [ReferencePredicate.Step]) {
        let root = pick(Self.names)
        var text = root == "and" || !isWord(root) ? quoted(root) : root
        var steps: [ReferencePredicate.Step] = []
        while chance(30), steps.count < 3 {
            if chance(50) {
                let name = pick(Self.names)
                text += ".\(isWord(name) ? name : quoted(name))"
                steps.append(.member(AttributeName(name)))
            } else {
                let index = Int.random(in: 0...2, using: &generator)
                text += "[\(index)]"
                steps.append(.element(index))
            }
        }
        return (text, root, steps)
    }

    private func isWord(_ name: String) -> Bool { name != "x y" && name != "`" }

    private func quoted(_ name: String) -> String { "`\(doubled(name, "`"))`" }

    private func doubled(_ text: String, _ quote: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == quote { result.append(quote) }
            result.append(scalar)
        }
        return String(result)
    }

    mutating func operand(ordered: Bool = false) -> (text: String, operand: ReferencePredicate.Operand) {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<5:
            let path = path()
            return (path.text, .path(path.root, path.steps))
        case 5:
            let path = path()
            return ("size(\(path.text))", .size(path.root, path.steps))
        default:
            let value = value(depth: ordered ? 0 : 2)
            if ordered, case .null = value { return operand(ordered: true) }
            if ordered, case .bool = value { return operand(ordered: true) }
            return (literal(value), .literal(value))
        }
    }

    mutating func literal(_ value: AttributeValue) -> String {
        switch value {
        case .string(let text): return chance(50) ? "'\(doubled(text, "'"))'" : "\"\(doubled(text, "\""))\""
        case .number(let digits): return digits
        case .binary(let bytes): return "b'\(Base64.encode(bytes))'"
        case .bool(let bool): return bool ? "true" : pick(["false", "FALSE"])
        case .null: return "null"
        case .list(let elements): return "[\(elements.map { literal($0) }.joined(separator: ", "))]"
        case .map(let members):
            return "{\(members.map { "\(quoted($0.text)): \(literal($1))" }.joined(separator: ", "))}"
        case .stringSet(let members): return "SS(\(members.map { literal(.string($0)) }.joined(separator: ",")))"
        case .numberSet(let members): return "ns(\(members.joined(separator: ",")))"
        case .binarySet(let members): return "BS(\(members.map { literal(.binary($0)) }.joined(separator: ",")))"
        }
    }
}
