import Basics
import DynamoDBClient

/// DescribeTable with a bound on the waiting.
struct TableProbe: Sendable {
    enum Answer: Sendable {
        case described(TableDescription)
        case failed(DynamoDBError)
        /// No answer within the bound.
        case timedOut
    }

    let api: any DynamoDBAPI
    let tableName: String
    let time: TimeSource

    /// Asks once; the client's own retries are cut off at `limit`.
    @concurrent
    func ask(within limit: Duration?) async -> Answer {
        guard let limit else { return await ask() }
        return await withTaskGroup(of: Answer.self) { group in
            group.addTask { await ask() }
            group.addTask {
                try? await time.sleep(limit)
                return .timedOut
            }
            defer { group.cancelAll() }
            return await group.next() ?? .timedOut
        }
    }

    @concurrent
    private func ask() async -> Answer {
        do throws(DynamoDBError) { return .described(try await api.describeTable(tableName)) } catch {
            return .failed(error)
        }
    }
}
