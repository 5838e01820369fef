import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import Replication

@Suite struct RecordTranslationTests {
    private let schema = FakeEndpoint.schema

    @Test("puts the new image with the record's sequence number and time")
    func put() throws {
        let record = StreamModel().record("k", "1", name: .insert)
        guard case .change(let change) = RecordTranslation(record, schema: schema) else {
            Issue.record("no change")
            return
        }
        #expect(change.key == (try ItemKey(partition: .string("k"), schema: schema)))
        #expect(change.outcome == .put(Item(["id": .string("k"), "value": .string("1")])))
        #expect(change.version == record.sequenceNumber)
        #expect(change.at == record.approximateCreationMilliseconds)
        #expect(change.cause == .stream)
    }

    @Test("names the record whose image or keys are missing")
    func unusable() {
        let model = StreamModel()
        let record = model.record("k", nil, name: .modify)
        #expect(
            RecordTranslation(record, schema: schema)
                == .unusable("record event-10000 has no new image although it is no removal")
        )
        let other = KeySchema(partition: KeyAttribute(name: "pk", type: .number))
        guard case .unusable(let reason) = RecordTranslation(model.record("k", "1", name: .insert), schema: other)
        else {
            Issue.record("a record of another schema was taken")
            return
        }
        #expect(reason.hasPrefix("the keys of record event-10000 do not fit the table's key schema"))
    }

    @Test("only the service's own deletions count as time to live")
    func expiry() {
        let service = UserIdentity(type: "Service", principalID: "dynamodb.amazonaws.com")
        let causes = [nil, service, UserIdentity(type: "User", principalID: "x")].map { identity -> ChangeCause? in
            let record = StreamModel().record("k", nil, name: .remove, identity: identity)
            guard case .change(let change) = RecordTranslation(record, schema: schema) else { return nil }
            return change.cause
        }
        #expect(causes == [.stream, .ttl, .stream])
    }
}
