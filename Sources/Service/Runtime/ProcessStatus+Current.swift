import API

extension ProcessStatus {
    /// This process now, with so many event loops.
    init(loops: Int) {
        let budget = CPUBudget.current
        self.init(
            processors: budget.processors,
            quota: budget.quota,
            eventLoops: loops,
            residentBytes: ProcessUsage.residentBytes().map(Int64.init)
        )
    }
}
