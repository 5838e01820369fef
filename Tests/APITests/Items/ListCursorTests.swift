import ItemQuery
import ReplicaStore
import Testing

@testable import API

@Suite struct ListCursorTests {
    private let query: [UInt8] = [1, 2, 3]

    private func cursor(_ key: [UInt8], _ position: String = "aaaaaaaa.7") throws -> ListCursor {
        ListCursor(lastKey: key, start: try #require(Position(position)))
    }

    @Test(
        "reads what it wrote, for any key bytes and positions",
        arguments: ["aaaaaaaa.0", "zzzzzz2345672.9999999999999999999"]
    )
    func roundTrip(position: String) throws {
        for key: [UInt8] in [[], [0], [255, 0, 254], Array(repeating: 7, count: 5120)] {
            let read = try ListCursor(cursor(key, position).text(query: query), query: query)
            #expect(read.lastKey == key)
            #expect(read.start.description == position)
        }
    }

    @Test("refuses a cursor of another query, a damaged one, and what is none")
    func refuses() throws {
        let text = try cursor([9, 9, 9]).text(query: query)
        #expect(throws: Problem.self) { try ListCursor(text, query: [1, 2, 4]) }
        #expect(throws: Problem.self) { try ListCursor(String(text.dropLast(2)) + "AA", query: query) }
        for other in ["", "AQ", "not base64url!", String(repeating: "A", count: 9000)] {
            #expect(throws: Problem.self) { try ListCursor(other, query: query) }
        }
    }

    @Test("never traps on altered bytes")
    func altered() throws {
        let text = Array(try cursor([9, 9, 9]).text(query: query).utf8)
        for index in text.indices {
            for replacement in [UInt8(ascii: "A"), UInt8(ascii: "_"), UInt8(ascii: "9")]
            where text[index] != replacement {
                var altered = text
                altered[index] = replacement
                #expect(throws: Problem.self) {
                    try ListCursor(String(decoding: altered, as: UTF8.self), query: query)
                }
            }
        }
    }

    @Test("refuses a cursor that somebody made to lead out of the query's range")
    func forged() throws {
        let range = KeyRange(lower: [5], upper: [6])
        #expect(try ListCursor(cursor([5, 1]).text(query: query), query: query, within: range).lastKey == [5, 1])
        for key: [UInt8] in [[], [4], [6], [200]] {
            let text = try cursor(key).text(query: query)
            #expect(throws: Problem.self) { try ListCursor(text, query: query, within: range) }
        }
    }
}
