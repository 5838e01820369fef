import Basics
import TableModel
import Testing

@testable import DynamoSandbox

@Suite struct ReplayTests {
    /// A generator with a seed, so that a failure can be run again.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test(
        "reading parents before children replays the table exactly, through splits and rotations",
        arguments: [1, 2, 3, 4, 5] as [UInt64]
    )
    func replay(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let fixture = try Fixture.withTables(shards: 2)
        for _ in 0..<1_500 {
            let id = "item \(Int.random(in: 0..<40, using: &random))"
            switch Int.random(in: 0..<100, using: &random) {
            case 0:
                let open = fixture.sandbox.shards(of: "plain").filter(\.isOpen)
                let shard = try #require(open.randomElement(using: &random)).id
                if open.count < 8 {
                    fixture.sandbox.split(shard: shard, of: "plain")
                } else {
                    fixture.sandbox.rotate(shard: shard, of: "plain")
                }
            case 1..<20: try fixture.sandbox.delete(["id": .string(id)], from: "plain")
            case 20..<60: try fixture.put(id, Int.random(in: 0..<3, using: &random))
            default:
                try fixture.sandbox.update(["id": .string(id)], in: "plain", "ADD n :n", values: [":n": .number("1")])
            }
        }
        var replayed: [String: JSONValue] = [:]
        // The order of ids is the order of creation: every parent comes before its children.
        for shard in fixture.sandbox.shards(of: "plain") {
            let isOpen = try apply(fixture, shard.id, to: &replayed)
            #expect(isOpen == shard.isOpen)
        }
        let items = try fixture.sandbox.items(of: "plain").map { try JSONValue.parse(JSONWriter.bytes(of: $0)) }
        #expect(Set(replayed.values) == Set(items))
        #expect(replayed.count == items.count)
    }

    /// Applies a shard's records to `items`; true when the shard may go on.
    private func apply(_ fixture: Fixture, _ shard: String, to items: inout [String: JSONValue]) throws -> Bool {
        var iterator: String? = try fixture.iterator(shard, "TRIM_HORIZON")
        while let current = iterator {
            let page = try fixture.records(current, limit: 7)
            guard case .object(let answer) = try JSONValue.parse(Array(page.json.utf8)),
                case .array(let records)? = answer["Records"]
            else { throw SandboxError("Test", "no records in \(page.json)") }
            for record in records {
                guard case .object(let record) = record, case .object(let content)? = record["dynamodb"],
                    let key = content["Keys"].map({ "\($0)" })
                else { throw SandboxError("Test", "no content in \(record)") }
                // What a record says was there before must be what the replay holds.
                #expect(items[key] == content["OldImage"])
                #expect((record["eventName"] == .string("INSERT")) == (content["OldImage"] == nil))
                items[key] = content["NewImage"]
            }
            if records.isEmpty, page.next != nil { return true }
            iterator = page.next
        }
        return false
    }
}

extension JSONWriter {
    fileprivate static func bytes(of item: Item) -> [UInt8] {
        var output = JSONWriter()
        output.item(item)
        return output.bytes
    }
}
