import Basics
import HTTPServer
import ItemQuery

/// A request's query: each parameter known, and given once.
struct QueryParameters {
    private var values: [String: String] = [:]

    /// Reads the query; a parameter that is unknown, repeated or not UTF-8 is a 400 that names it and lists the allowed.
    ///
    /// `defaults` are parameters that the operation takes on other tables, with what they are when they are absent: programs that
    /// are generated from `openapi.yaml` send the defaults of all parameters. They are as if absent with this value, and unknown
    /// with any other. `aliases` are other names of allowed parameters: a parameter that has two values under two names is a 400.
    init(
        _ request: HTTPRequest,
        allowed: [String],
        aliases: [String: String] = [:],
        defaults: [String: String] = [:]
    ) throws(Problem) {
        guard request.rawQuery != nil else { return }
        let pairs: [(name: String, value: String)]
        do { pairs = try request.queryParameters(except: IgnoredParameters.contains) } catch {
            let name = Self.shown(error.parameter)
            let value =
                Self.rawValue(of: error.parameter, in: request).map { " in '\(Self.shown($0, of: name))'" } ?? ""
            throw Problem(
                400,
                .invalidParameter,
                "The query parameter '\(name)' cannot be read: \(error.reason)\(value).",
                .parameter(name),
                .allowed(allowed)
            )
        }
        for (name, value) in pairs {
            if !allowed.contains(name), defaults[name] == value { continue }
            guard allowed.contains(name) || aliases[name] != nil else {
                let list = allowed.isEmpty ? "none is allowed here" : "allowed are \(allowed.joined(separator: ", "))"
                throw Problem(
                    400,
                    .unknownParameter,
                    "The query parameter '\(Self.shown(name))' is unknown: \(list).",
                    .parameter(Self.shown(name)),
                    .allowed(allowed)
                )
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Problem(
                    400,
                    .repeatedParameter,
                    "The query parameter '\(name)' is given more than once.",
                    .parameter(name),
                    .allowed(allowed)
                )
            }
        }
        for (alias, name) in aliases {
            guard let value = values.removeValue(forKey: alias), !value.isEmpty else { continue }
            if let own = values[name], !own.isEmpty, own != value {
                throw Problem(
                    400,
                    .invalidParameter,
                    "The query parameters '\(name)' and '\(alias)' mean the same and have two values: give one of them.",
                    .parameter(alias)
                )
            }
            values[name] = value
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// A whole number within `range`; `fallback` when absent.
    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(Problem) -> Int {
        guard let text = values[name] else { return fallback }
        guard let number = Digits.integer(text), range.contains(number) else {
            throw invalid(name, "give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// One of an enumeration's raw values; `fallback` when absent.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String,
        default fallback: Choice
    ) throws(Problem) -> Choice where Choice.RawValue == String {
        guard let text = values[name] else { return fallback }
        guard let choice = Choice(rawValue: text) else {
            throw invalid(name, "", allowed: Choice.allCases.map(\.rawValue))
        }
        return choice
    }

    /// A duration such as `500ms`, `5s` or `2m` within `range`; digits alone are seconds. Nil when absent.
    func duration(_ name: String, in range: ClosedRange<Duration>) throws(Problem) -> Duration? {
        guard let text = values[name] else { return nil }
        let read = Digits.integer(text).map { .seconds($0) } ?? DurationText.parse(text)
        guard let read, range.contains(read) else {
            let hint = DurationText.hint(range, examples: ["500ms", "5s", "2m"])
            throw invalid(name, "give a duration from \(hint)")
        }
        return read
    }

    /// A 400 about the value of `name`.
    func invalid(_ name: String, _ hint: String, allowed: [String]? = nil) -> Problem {
        let value = Self.shown(values[name] ?? "")
        let rest = allowed.map { "allowed are \($0.joined(separator: ", "))" } ?? hint
        return Problem(
            400,
            .invalidParameter,
            "The query parameter '\(name)' cannot be '\(value)': \(rest).",
            [.parameter(name)] + (allowed.map { [.allowed($0)] } ?? [])
        )
    }

    /// A 400 about the text of `name`, which must follow a grammar: where it goes wrong, and what could stand there.
    func invalid(_ name: String, _ error: QuerySyntaxError) -> Problem {
        var problem = invalid(name, error.sentence)
        problem.extensions.append(.column(error.column))
        return problem
    }

    /// The value of a parameter as it was sent, escapes and all.
    private static func rawValue(of name: String, in request: HTTPRequest) -> String? {
        let pairs = (request.rawQuery ?? "").split(separator: "&")
        return pairs.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    /// The value of a parameter, as a problem may show it: nothing of a token or a ticket, which whoever reads a log of problems could use.
    /// `name` may have escapes.
    static func shown(_ value: String, of name: String) -> String {
        let name = Array(name.utf8).withUnsafeBufferPointer { PercentEncoding.decode($0, plusIsSpace: true) }
        let isSecret = Authenticator.secretParameters.contains(String(decoding: name, as: UTF8.self).lowercased())
        return isSecret ? "***" : shown(value)
    }

    /// At most 80 characters of a client's text, with what would not be seen escaped.
    static func shown(_ text: String) -> String { Excerpt.of(text) }
}
