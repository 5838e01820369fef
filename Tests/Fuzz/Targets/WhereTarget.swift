@testable import ItemQuery
@testable import TableModel

/// The grammar of `where`: parsed or refused within its column, evaluated on items of every type; negation and conjunction mean what
/// they say.
struct WhereTarget: FuzzTarget {
    /// For what is put around an expression that was accepted.
    private let wider: QueryLimits = {
        var limits = QueryLimits()
        limits.textBytes *= 3
        limits.depth += 4
        limits.operands *= 3
        return limits
    }()

    func run(_ bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        let expression: WhereExpression
        do throws(QuerySyntaxError) {
            expression = try WhereExpression(text)
        } catch {
            require(error.column >= 1 && error.column <= text.unicodeScalars.count + 1, "an error outside of the text")
            return
        }
        guard let negated = try? WhereExpression("NOT (\(text))", limits: wider),
            let doubled = try? WhereExpression("(\(text)) and (\(text))", limits: wider),
            let either = try? WhereExpression("not (\(text)) OR (\(text))", limits: wider)
        else { fatalError("an expression that is none in parentheses: \(text)") }
        for item in sampleItems {
            item.withUnsafeBytes { item in
                let matches = expression.matches(item)
                require(expression.matches(item) == matches, "two answers to one question")
                require(negated.matches(item) != matches, "NOT does not negate")
                require(doubled.matches(item) == matches, "AND of the same is another")
                require(either.matches(item), "neither it nor its contrary holds")
            }
        }
    }
}

/// Items with values of every type.
let sampleItems: [[UInt8]] = [
    #"{}"#,
    #"{"a":{"S":"x"},"b":{"N":"1"},"c":{"BOOL":true},"d":{"NULL":true},"e":{"B":"YWJj"}}"#,
    #"{"a":{"N":"-12.50"},"b":{"SS":["x","y"]},"c":{"NS":["1","2.5"]},"d":{"BS":["YQ==","Yg=="]},"e":{"L":[]}}"#,
    #"{"a":{"M":{"b":{"L":[{"N":"1"},{"S":"x"},{"M":{"c":{"BOOL":false}}}]},"size":{"S":""}}},"and":{"S":"\u00e9\"\n"}}"#,
    #"{"a":{"L":[{"L":[{"L":[{"N":"99999999999999999999999999999999999999"}]}]}]},"b":{"S":"abc"}}"#,
].map { text in
    Array(text.utf8).withUnsafeBytes { bytes in
        var reader = JSONReader(bytes)
        guard let item = try? reader.readItem() else { fatalError("a sample that is no item") }
        return item.packed
    }
}
