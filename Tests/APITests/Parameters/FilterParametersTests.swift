import HTTPServer
import ItemQuery
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct FilterParametersTests {
    static let strings = KeySchema(
        partition: KeyAttribute(name: "id", type: .string),
        sort: KeyAttribute(name: "at", type: .string)
    )
    static let binaries = KeySchema(
        partition: KeyAttribute(name: "id", type: .number),
        sort: KeyAttribute(name: "at", type: .binary)
    )
    static let numbers = KeySchema(
        partition: KeyAttribute(name: "id", type: .string),
        sort: KeyAttribute(name: "at", type: .number)
    )

    private static func contains(
        _ query: String,
        _ schema: KeySchema,
        _ partition: AttributeValue,
        _ sort: AttributeValue?
    ) throws -> Bool {
        let filter = try FilterParameters(QueryParameters(testing: query), schema: schema, call: nil).filter
        let key = try ItemKey(partition: partition, sort: sort, schema: schema)
        return key.bytes.withUnsafeBytes { filter.keys.contains($0) }
    }

    @Test(
        "holds the keys that it names and no others",
        arguments: [
            ("", ["", "a", "b", "ba", "c"]), ("pk=p", ["", "a", "b", "ba", "c"]), ("pk=q", []), ("pk=p&sk=b", ["b"]),
            ("pk=p&sk_prefix=b", ["b", "ba"]), ("pk=p&sk_from=b", ["b", "ba", "c"]), ("pk=p&sk_to=b", ["", "a", "b"]),
            ("pk=p&sk_from=a&sk_to=ba", ["a", "b", "ba"]), ("pk=p&sk_from=b&sk_to=b", ["b"]), ("pk=p&sk_from=d", []),
        ]
    )
    func ranges(query: String, expected: [String]) throws {
        let held = try ["", "a", "b", "ba", "c"].filter {
            try Self.contains(query, Self.strings, .string("p"), .string($0))
        }
        #expect(held == expected)
    }

    @Test("orders number and binary sort keys as DynamoDB does")
    func types() throws {
        let numbers = ["-10", "-1", "0", "1.5", "2", "10", "100"]
        func held(_ query: String) throws -> [String] {
            try numbers.filter { try Self.contains(query, Self.numbers, .string("p"), .number($0)) }
        }
        #expect(try held("pk=p&sk_from=-1&sk_to=2") == ["-1", "0", "1.5", "2"])
        #expect(try held("pk=p&sk_from=1E%2B1") == ["10", "100"])
        #expect(try held("pk=p&sk=1.50") == ["1.5"])
        #expect(try Self.contains("pk=1e2&sk_prefix=_w", Self.binaries, .number("100"), .binary([255, 3])))
        #expect(try !Self.contains("pk=1e2&sk_prefix=_w", Self.binaries, .number("100"), .binary([254, 255])))
        #expect(try Self.contains("pk=100&sk_to=AP8", Self.binaries, .number("100"), .binary([0, 255])))
        #expect(try !Self.contains("pk=100&sk_to=AP8", Self.binaries, .number("100"), .binary([0, 255, 0])))
    }

    @Test("a partition from the path stands for pk")
    func pathPartition() throws {
        let range = try FilterParameters.keys(
            QueryParameters(testing: "sk=b"),
            partition: Array("p".utf8),
            schema: Self.strings
        )
        #expect(try range == FilterParameters.keys(QueryParameters(testing: "pk=p&sk=b"), schema: Self.strings))
    }

    @Test("reads how items appear")
    func representation() throws {
        let read = try FilterParameters(
            QueryParameters(testing: "fields=a.b,c&format=dynamodb&numbers=string&where=a%3D1"),
            schema: Self.strings,
            call: nil
        )
        #expect(read.representation.format == .dynamodb && read.representation.numbers == .string)
        #expect(read.representation.fields?.text == "a.b,c")
        #expect(read.filter.predicate?.text == "a=1")
        let plain = try FilterParameters(QueryParameters(testing: ""), schema: Self.strings, call: nil)
        #expect(plain.representation == ItemRepresentation() && plain.filter.isEverything)
    }

    @Test("writes the parameters of a link as they were given, a partition of the path as pk")
    func link() throws {
        let parameters = try QueryParameters(testing: "where=a+%3D+%27x%26y%27&pk=a%2Fb&fields=n")
        #expect(FilterParameters.query(parameters) == "pk=a%2Fb&where=a%20%3D%20%27x%26y%27&fields=n")
        #expect(FilterParameters.query(try QueryParameters(testing: ""), partition: Array("ü/".utf8)) == "pk=%C3%BC%2F")
    }

    private static let long = String(repeating: "x", count: 3000)

    @Test(
        "names the parameter, the value and what is allowed, for every mistake",
        arguments: [
            ("S", "pk=", "pk", "The query parameter 'pk' cannot be '': the key attribute 'id' is never empty."),
            ("S", "pk", "pk", "The query parameter 'pk' cannot be '': the key attribute 'id' is never empty."),
            ("S", "pk=\(long)", "pk", "xxx…': the key attribute 'id' has at most 2048 bytes."),
            (
                "B", "pk=abc", "pk",
                "The query parameter 'pk' cannot be 'abc': the key attribute 'id' is a number (N) of at most 38 digits"
            ),
            ("B", "pk=\(String(repeating: "1", count: 39))", "pk", "is a number (N) of at most 38 digits"),
            (
                "B", "pk=1&sk=a%20b", "sk",
                "The query parameter 'sk' cannot be 'a b': the key attribute 'at' is binary (B): give it as base64url."
            ),
            ("B", "pk=1&sk=\(String(repeating: "A", count: 1368))", "sk", "has at most 1024 bytes"),
            ("B", "pk=1&sk_prefix=%2B%2B", "sk_prefix", "give it as base64url"),
            (
                "N", "pk=p&sk=one", "sk",
                "The query parameter 'sk' cannot be 'one': the key attribute 'at' is a number (N)"
            ),
            ("N", "pk=p&sk_prefix=1", "sk_prefix", "is a number (N), which has no prefix: use sk_from and sk_to."),
            (
                "N", "pk=p&sk_from=2&sk_to=1", "sk_to",
                "The query parameter 'sk_to' cannot be '1': it sorts before sk_from; both bounds are inclusive."
            ),
            ("N", "pk=p&sk_from=", "sk_from", "cannot be '': the key attribute 'at' is never empty"),
            ("S", "pk=p&sk_to=\(String(long.prefix(1025)))", "sk_to", "has at most 1024 bytes"),
            ("S", "sk=b", "sk", "The query parameter 'sk' cannot be 'b': it needs pk beside it."),
            ("S", "sk_prefix=b", "sk_prefix", "it needs pk beside it"), ("S", "sk_from=b", "sk_from", "it needs pk"),
            ("S", "sk_to=b", "sk_to", "it needs pk"), ("S", "pk=p&sk_prefix=", "sk_prefix", "is never empty"),
            ("S", "pk=p&sk=a&sk_from=b", "sk_from", "not sk_from beside sk."),
            ("S", "pk=p&sk=a&sk_prefix=b", "sk_prefix", "beside sk."),
            (
                "S", "pk=p&sk_prefix=a&sk_to=b", "sk_to",
                "give sk, or sk_prefix, or sk_from and sk_to, but not sk_to beside sk_prefix."
            ),
            ("-", "pk=p&sk=a", "sk", "The query parameter 'sk' cannot be 'a': the table has no sort key."),
            ("-", "pk=p&sk_prefix=a", "sk_prefix", "the table has no sort key"), ("-", "sk=a", "sk", "it needs pk"),
            ("S", "where=", "where", "The query parameter 'where' cannot be '': column 1: found the end, expected"),
            (
                "S", "where=a+%3D%3D+1", "where",
                "The query parameter 'where' cannot be 'a == 1': column 4: found '= 1', expected"
            ),
            (
                "S", "where=\(String(repeating: "x", count: 5000))", "where",
                "found 5000 bytes, expected at most 4096 bytes."
            ),
            ("S", "where=a+%3D+1%00", "where", "percent"),
            ("S", "where=a%0A%3F", "where", "cannot be 'a\\u{A}?': column 3: found '?'"),
            (
                "S", "fields=", "fields",
                "The query parameter 'fields' cannot be '': column 1: found the end, expected an attribute's name."
            ),
            ("S", "fields=a,,b", "fields", "column 3: found ',b', expected an attribute's name"),
            ("S", "format=", "format", "The query parameter 'format' cannot be '': allowed are plain, dynamodb."),
            ("S", "format=XML", "format", "cannot be 'XML': allowed are plain, dynamodb."),
            ("S", "numbers=float", "numbers", "cannot be 'float': allowed are number, string."),
            (
                "S", "where=%FF", "where",
                "The query parameter 'where' cannot be read: the parameter's value is not UTF-8 in '%FF'."
            ),
            ("S", "pk=a&pk=b", "pk", "The query parameter 'pk' is given more than once."),
            (
                "S", "sort=b", "sort",
                "The query parameter 'sort' is unknown: allowed are pk, sk, sk_prefix, sk_from, sk_to, key_encoding, where, "
                    + "fields, format, numbers."
            ),
            ("S", "p%E2%80%AEk=b", "p\\u{202E}k", "The query parameter 'p\\u{202E}k' is unknown"),
        ]
    )
    func mistakes(schema: String, query: String, parameter: String, detail: String) throws {
        let schemas = [
            "S": Self.strings, "N": Self.numbers, "B": Self.binaries, "-": ServiceFixture.single,
        ]
        guard let request = HTTPRequest(testing: query) else {
            // The server itself refuses %00 and broken escapes.
            #expect(query.contains("%00"))
            return
        }
        do {
            _ = try FilterParameters(
                QueryParameters(request, allowed: FilterParameters.names),
                schema: try #require(schemas[schema]),
                call: nil
            )
            Issue.record("\(query) was taken")
        } catch let problem as Problem {
            #expect(problem.status == 400)
            #expect(problem.extensions.first == .parameter(parameter))
            #expect(problem.detail.contains(detail), "\(problem.detail)")
            #expect(problem.detail.utf8.count < 700)
            guard detail.contains("column") else { return }
            guard case .column(let column)? = problem.extensions.last else {
                Issue.record("no column in \(problem.extensions)")
                return
            }
            #expect(column > 0)
        }
    }
}
