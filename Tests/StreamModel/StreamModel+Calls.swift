import Basics
package import DynamoDBClient
import TableModel

extension StreamModel {
    /// An error of a kind, as the client would throw it.
    package static func error(_ kind: DynamoDBError.Kind, _ operation: String = "Call", _ subject: String = "")
        -> DynamoDBError
    {
        DynamoDBError(
            kind: kind,
            operation: operation,
            subject: subject,
            code: "\(kind)",
            message: "said the model",
            hint: "Wait."
        )
    }

    /// Counts the call and throws what was ordered for it.
    package mutating func begin(_ operation: String, _ subject: String, _ detail: String = "") throws(DynamoDBError) {
        let call = "\(operation) \(subject)"
        calls.append((now, detail.isEmpty ? call : call + " " + detail))
        for name in [call, operation] {
            if let outage = outages[name] { throw outage }
            if var queue = faults[name], !queue.isEmpty {
                let fault = queue.removeFirst()
                faults[name] = queue
                throw fault
            }
        }
    }

    package mutating func describeStream(
        exclusiveStart: String?,
        childrenOf parent: String?
    ) throws(DynamoDBError) -> StreamPage {
        try begin("DescribeStream", parent.map { "children of \($0)" } ?? exclusiveStart.map { "after \($0)" } ?? "all")
        var listed = order.compactMap { shards[$0] }.filter { $0.listedFrom <= now && !$0.isGone }
        if let parent, !ignoresFilter { listed = listed.filter { $0.parentID == parent } }
        if let exclusiveStart, let index = listed.firstIndex(where: { $0.id == exclusiveStart }) {
            listed.removeFirst(index + 1)
        }
        let page = listed.prefix(listingPage)
        return StreamPage(
            streamARN: streamARN,
            status: status,
            viewType: viewType,
            tableName: "demo",
            shards: page.map(shown),
            lastEvaluatedShardID: page.count < listed.count ? page.last?.id : nil
        )
    }

    private func shown(_ shard: ModelShard) -> Shard {
        let isShownClosed = shard.isClosed && !shard.staysListedOpen
        return Shard(
            id: shard.id,
            parentID: shard.parentID,
            startingSequenceNumber: shard.records.first?.sequenceNumber ?? StreamModel.zero,
            endingSequenceNumber: isShownClosed ? shard.records.last?.sequenceNumber ?? StreamModel.zero : nil
        )
    }

    package mutating func getShardIterator(_ id: String, _ start: IteratorStart) throws(DynamoDBError) -> String? {
        let name =
            switch start {
            case .latest: "LATEST"
            case .trimHorizon: "TRIM_HORIZON"
            case .at(let number): "AT \(number)"
            case .after(let number): "AFTER \(number)"
            }
        try begin("GetShardIterator", id, name)
        guard let shard = shards[id], !shard.isGone else { throw Self.error(.notFound, "GetShardIterator", id) }
        let index: Int
        var slack: Duration = .zero
        switch start {
        case .latest:
            index = shard.records.count
            slack = latestSlack
        case .trimHorizon: index = shard.trimmed
        case .at(let number), .after(let number):
            let isAfter = if case .after = start { true } else { false }
            let found = shard.records.firstIndex { isAfter ? $0.sequenceNumber > number : $0.sequenceNumber >= number }
            index = found ?? shard.records.count
            guard index >= shard.trimmed else { throw Self.error(.trimmed, "GetShardIterator", id) }
        }
        return token(id, index, slackUntil: slack == .zero ? .zero : now + slack)
    }

    private func token(_ id: String, _ index: Int, slackUntil: Duration = .zero) -> String {
        let issued = now.wholeMilliseconds
        let slack = slackUntil.wholeMilliseconds
        return "\(id)|\(index)|\(issued)|\(slack)"
    }

    package mutating func getRecords(_ iterator: String, limit: Int) throws(DynamoDBError) -> RecordsPage {
        let parts = iterator.split(separator: "|").map(String.init)
        guard parts.count == 4, var index = Int(parts[1]), let issued = Int64(parts[2]), let slack = Int64(parts[3])
        else {
            throw Self.error(.fatal, "GetRecords", iterator)
        }
        let id = parts[0]
        try begin("GetRecords", id)
        guard let shard = shards[id], !shard.isGone else { throw Self.error(.notFound, "GetRecords", id) }
        guard now - .milliseconds(issued) <= iteratorLife else { throw Self.error(.expiredIterator, "GetRecords", id) }
        guard index >= shard.trimmed else { throw Self.error(.trimmed, "GetRecords", id) }
        while index < shard.records.count, shard.writtenAt[index] < .milliseconds(slack) { index += 1 }
        if random() < emptyPages, shard.emptyRun < 4 {
            shards[id]?.emptyRun += 1
            return RecordsPage(records: [], nextIterator: token(id, index))
        }
        shards[id]?.emptyRun = 0
        if repeats > 0, index > shard.trimmed, index > 0, random() < repeats { index -= 1 }
        let end = min(shard.records.count, index + limit)
        let isEnd = shard.isClosed && !shard.staysListedOpen && end == shard.records.count
        return RecordsPage(records: Array(shard.records[index..<end]), nextIterator: isEnd ? nil : token(id, end))
    }
}
