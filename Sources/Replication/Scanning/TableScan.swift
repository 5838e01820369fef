import Basics
import DynamoDBClient
import TableModel

/// A parallel, strongly consistent scan: segments read concurrently, each a page ahead of what is applied, and one writer that
/// is visited once a page.
struct TableScan: Sendable {
    let context: ReplicationContext
    let target: ReplicationTarget
    let segments: Int
    let pacer: ReadPacer
    /// Applies a page; pages of one segment arrive in order, one at a time.
    let apply: @Sendable (ScanPage) async -> Void
    var segmentEnded: @Sendable () async -> Void = {}
    /// Hears of failures that are retried.
    let trouble: @Sendable (DynamoDBError) async -> Void

    /// Reads the whole table. A page that fails is retried without end. Throws a `DynamoDBError` that a retry cannot mend, and
    /// `CancellationError`.
    @concurrent
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for segment in 0..<segments { group.addTask { try await read(segment) } }
            try await group.waitForAll()
        }
    }

    @concurrent
    private func read(_ segment: Int) async throws {
        var page = try await fetch(segment, after: nil)
        while let last = page.lastEvaluatedKey {
            // The next page is fetched and parsed while this one is applied.
            async let next = fetch(segment, after: last)
            await apply(page)
            page = try await next
        }
        await apply(page)
        await segmentEnded()
    }

    @concurrent
    private func fetch(_ segment: Int, after key: [AttributeName: AttributeValue]?) async throws -> ScanPage {
        var failures = 0
        while true {
            try Task.checkCancellation()
            let permit = try await pacer.permitForPage()
            let failure: DynamoDBError
            switch await attempt(request(segment, after: key, limit: permit.limit)) {
            case .success(let page):
                pacer.settle(permit, units: page.units, items: page.items.entries.count)
                guard key != nil, page.lastEvaluatedKey == key else { return page }
                failure = repeatedKey(segment)
            case .failure(let error):
                pacer.settle(permit, failed: error)
                failure = error
            }
            switch failure.kind {
            case .cancelled: throw CancellationError()
            case .notFound, .fatal: throw failure
            default: break
            }
            await trouble(failure)
            let wait = context.limits.backoff.wait(failures: failures, fraction: context.time.random())
            try await context.time.sleep(wait)
            failures += 1
        }
    }

    private func attempt(_ request: ScanRequest) async -> Result<ScanPage, DynamoDBError> {
        do throws(DynamoDBError) { return .success(try await context.table.scan(request)) } catch {
            return .failure(error)
        }
    }

    private func request(_ segment: Int, after key: [AttributeName: AttributeValue]?, limit: Int?) -> ScanRequest {
        ScanRequest(
            table: target.tableReference,
            schema: target.keySchema,
            segment: segment,
            totalSegments: segments,
            exclusiveStartKey: key,
            limit: limit
        )
    }

    private func repeatedKey(_ segment: Int) -> DynamoDBError {
        DynamoDBError(
            kind: .malformed,
            operation: "Scan",
            subject: "\(target.tableReference) segment \(segment)",
            code: .repeatedKey,
            message: "LastEvaluatedKey is the key that the page began after, so the scan would never end",
            hint: "The page is asked for again; if this stays, the endpoint does not page correctly."
        )
    }
}
