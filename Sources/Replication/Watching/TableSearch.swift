import Basics
import DynamoDBClient

/// Describes the table until it can be followed.
struct TableSearch: Sendable {
    private let context: ReplicationContext
    private let watch: TableWatch
    private let loader: StateLoader?

    /// `loader` reads the saved state, which a start may serve when it is refused; nil without one.
    init(_ context: ReplicationContext, _ watch: TableWatch, _ loader: StateLoader?) {
        self.context = context
        self.watch = watch
        self.loader = loader
    }

    /// The table, described now; nil when the task is cancelled. Before the replica was ever live it throws when no waiting can help.
    /// `Replicator` ends a start that has no response.
    func find() async throws(ReplicationFailure) -> ReplicationTarget? {
        let (limits, time, reporter) = (context.limits, context.time, context.reporter)
        let probe = TableProbe(api: context.table, tableName: context.settings.tableName, time: time)
        var hasAnswered = reporter.readiness.hasBeenLive
        var failures = 0
        while !Task.isCancelled {
            let answer = await probe.ask(within: hasAnswered ? nil : limits.describePatience)
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
                reporter.report(error)
                if !reporter.readiness.hasBeenLive {
                    // The Region may have become known for this very call.
                    await loader?.judgeRegion()
                    let failure = context.startRule.failure(describing: context.settings.tableName, error)
                    if let failure { throw failure }
                }
                let code = error.kind == .notFound ? .tableMissing : ReasonCode(error)
                explain(Reason(code, "DescribeTable failed: \(error.description)"))
            case .timedOut:
                if Task.isCancelled { return nil }
                let seconds = limits.describePatience.wholeSeconds
                explain(Reason(.streamUnreachable, "\(operation) has had no response within \(seconds) s"))
            }
            guard await context.pause(wait) else { return nil }
        }
        return nil
    }

    private var operation: String { "DescribeTable \(context.settings.tableName)" }

    /// Tells readers what the search waits for, and before the replica was ever live the log too.
    private func explain(_ reason: Reason) {
        context.reporter.explain(reason)
        guard !context.reporter.readiness.hasBeenLive else { return }
        context.reporter.observe(.startWaits(code: reason.code, reason: reason.text))
    }

    /// The contents of a state that was saved fit, whatever the description says.
    private var hasSavedState: Bool { context.reporter.written.savedState?.streamReadAt != nil }

    private enum Outcome {
        case ready(ReplicationTarget)
        /// The table is described again after this time.
        case wait(Duration)
    }

    private func judge(_ description: TableDescription) throws(ReplicationFailure) -> Outcome {
        let reporter = context.reporter
        switch watch.judge(description) {
        case .ready(let target):
            // A start only: contents that are shown have fitted.
            if !reporter.readiness.hasServed, !hasSavedState, let failure = context.memory.failure(target) {
                throw failure
            }
            // After that: a start that fails says one line.
            context.memory.note(target.memory)
            return .ready(target)
        case .wait(let reason):
            explain(reason)
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
}
