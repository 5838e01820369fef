import Basics
import Dispatch
import Glibc
import Telemetry

/// Bounds a step of the start that waits for files. A call to a volume that hangs cannot be ended, so the process ends in its place, with
/// one line, as after any other start that cannot succeed.
struct StartPatience {
    private let failure: String
    private let limits: StopLimits

    /// `failure` says what could not be done, for the line.
    init(_ failure: String, limits: StopLimits = StopLimits()) {
        self.failure = failure
        self.limits = limits
    }

    /// Does the step; ends the process when it takes too long.
    func wait<Value, Failure: Error>(_ step: () throws(Failure) -> Value) throws(Failure) -> Value {
        let alarm = startAlarm()
        defer { alarm.cancel() }
        return try step()
    }

    /// The same for a step that suspends.
    func wait<Value, Failure: Error>(_ step: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let alarm = startAlarm()
        defer { alarm.cancel() }
        return try await step()
    }

    private func startAlarm() -> any DispatchSourceTimer {
        let (failure, limits) = (failure, limits)
        let seconds = limits.filePatience.wholeSeconds
        let alarm = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "tablecast.start"))
        alarm.setEventHandler { @Sendable in
            Program.complain(
                "\(failure): the volume has not responded for \(seconds) s. Check the volume, then start the service again."
            )
            LogQueue.standardError.flush(within: limits.lastWords)
            Program.endNow(ExitStatus.failure.rawValue)
        }
        alarm.schedule(deadline: .now() + .seconds(Int(seconds)))
        alarm.activate()
        return alarm
    }
}
