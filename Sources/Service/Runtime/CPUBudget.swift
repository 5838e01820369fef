import CProcessors

/// The processors that this process may use: those of its affinity (`taskset`, cpusets), and no more than the quota of its control group.
/// The machine's own count says nothing in a container.
package struct CPUBudget: Sendable, Hashable {
    /// Processors that the process may run on.
    package let allowed: Int
    /// Processors whose time it gets, perhaps a fraction, by the least quota of its control groups; nil without a quota.
    package let quota: Double?
    /// Whole processors that are of use, at least one.
    package let processors: Int

    /// The budget of this process when it started.
    package static let current = CPUBudget()

    /// Reads the files below `root`, which is empty but for tests. Without `allowed` the kernel is asked.
    init(root: String = "", allowed: Int? = nil) {
        let count = allowed ?? Int(processors_allowed_count())
        let thousandths = processors_quota(root)
        self.allowed = max(1, count)
        quota = thousandths > 0 ? Double(thousandths) / 1_000 : nil
        processors = Int(processors_usable(Int32(clamping: count), thousandths))
    }

    /// The budget in a sentence for operators. `loops` is the number of event loops.
    func sentence(loops: Int) -> String {
        let share = quota.map { ", by a quota of \($0) of \(allowed)" } ?? ""
        return "using \(processors) processor(s)\(share), with \(loops) event loop(s) for HTTP"
    }
}
