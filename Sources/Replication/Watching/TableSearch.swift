import Basics
import DynamoDBClient

/// Describes the table until it can be followed.
struct TableSearch: Sendable {
    private let context: ReplicationContext
    private let watch: TableWatch

    init(_ context: ReplicationContext, _ watch: TableWatch) {
        self.context = context
        self.watch = watch
    }

    /// The table, described now; nil when the task is cancelled. Before the replica was ever live it throws when no waiting can help, and
    /// when there is no response within `ReplicationLimits.startLimit`.
    func find() async throws(ReplicationFailure) -> ReplicationTarget? {
        let (limits, time, reporter) = (context.limits, context.time, context.reporter)
        let probe = TableProbe(api: context.table, tableName: context.settings.tableName, time: time)
        let began = time.continuous()
        var hasAnswered = reporter.readiness.hasBeenLive
        var failures = 0
        var lastError: DynamoDBError?
        while !Task.isCancelled {
            let left = limits.startLimit - (time.continuous() - began)
            let answer = await probe.ask(within: hasAnswered ? nil : max(.zero, left))
            var wait = limits.backoff.wait(failures: failures, fraction: time.random())
            failures += 1
            switch answer {
            case .described(let description):
                hasAnswered = true
                failures = 0
                switch try judge(description) {
                case .ready(let target): return target
                case .wait(let pause): wait = pause
                }
            case .failed(let error):
                if error.kind == .cancelled || Task.isCancelled { return nil }
                lastError = error
                reporter.report(error)
                if !reporter.readiness.hasBeenLive, let failure = startFailure(error) { throw failure }
                let code = error.kind == .notFound ? .tableMissing : ReasonCode(error.kind)
                reporter.explain(Reason(code, "DescribeTable failed: \(error.description)"))
            case .timedOut:
                if Task.isCancelled { return nil }
            }
            if !hasAnswered, time.continuous() - began >= limits.startLimit { throw noAnswer(lastError) }
            guard await context.pause(wait) else { return nil }
        }
        return nil
    }

    private enum Outcome {
        case ready(ReplicationTarget)
        /// The table is described again after this time.
        case wait(Duration)
    }

    private func judge(_ description: TableDescription) throws(ReplicationFailure) -> Outcome {
        let reporter = context.reporter
        switch watch.judge(description) {
        case .ready(let target): return .ready(target)
        case .wait(let reason):
            reporter.explain(reason)
            // Somebody has to enable a key, while a table or a stream that is being made is there soon.
            return .wait(reason.code == .keyInaccessible ? context.limits.troubledTableCheckInterval : .seconds(1))
        case .foreign(let failure):
            guard reporter.readiness.hasBeenLive else { throw failure }
            reporter.explain(Reason(.otherTable, failure.description))
        case .failed(let failure):
            guard reporter.readiness.hasBeenLive else { throw failure }
            reporter.explain(Reason(ReasonCode(unusable: description), failure.description))
        }
        return .wait(context.limits.troubledTableCheckInterval)
    }

    /// The failures that no waiting can mend.
    private func startFailure(_ error: DynamoDBError) -> ReplicationFailure? {
        switch error.kind {
        case .notFound: .noTable(error, context.settings.tableName)
        case .accessDenied, .fatal: ReplicationFailure(error)
        default: nil
        }
    }

    private func noAnswer(_ error: DynamoDBError?) -> ReplicationFailure {
        error.map(ReplicationFailure.init)
            ?? ReplicationFailure(
                kind: .runtime,
                message: "DescribeTable \(context.settings.tableName) had no answer within "
                    + "\(context.limits.startLimit.wholeSeconds) s",
                hint: "Check the endpoint, the region and the network."
            )
    }
}
