import CLinux
import Dispatch
import Glibc
import Synchronization

/// The object by which other threads reach an event loop: they leave messages and wake it. The loop itself lives inside one long
/// block on the handle's queue.
final class EventLoopHandle: Sendable {
    /// Left by other threads for the loop.
    struct Messages: Sendable {
        var accepted: [AcceptedConnection] = []
        /// When everything must be closed, once stopping has begun.
        var stopDeadline: Instant?
        var streamsAreWoken = false
        /// Each response is its connection's last.
        var closesAfterResponses = false
    }

    private struct State {
        var messages = Messages()
        /// The loop has ended and takes nothing any more.
        var isClosed = false
    }

    /// Connections handed over and not yet closed, those of probes beyond the limits left out.
    let connectionCount = Atomic<Int>(0)
    let wakeDescriptor: Int32
    let epollDescriptor: Int32
    /// Of the whole process.
    let pendingBytes: PendingBytes
    private let addresses: AddressCounts
    private let queue: DispatchQueue
    private let state = Mutex(State())
    private let isSignalled = Atomic<Bool>(false)
    private let streamsAreWoken = Atomic<Bool>(false)

    /// `addresses` is told of connections that end.
    init(index: Int, addresses: AddressCounts, pendingBytes: PendingBytes) throws(SystemCallError) {
        self.addresses = addresses
        self.pendingBytes = pendingBytes
        let wake = Int32(try systemCallOrError { linux_eventfd() })
        do throws(SystemCallError) {
            epollDescriptor = Int32(try systemCallOrError { linux_epoll_create() })
        } catch {
            closeDescriptor(wake)
            throw error
        }
        wakeDescriptor = wake
        queue = DispatchQueue(label: "tablecast.http.loop.\(index)")
    }

    deinit {
        closeDescriptor(epollDescriptor)
        closeDescriptor(wakeDescriptor)
    }

    /// Runs the loop until it is told to stop and has no connection left. `group` is left at the end.
    func run(_ configuration: HTTPServerConfiguration, group: DispatchGroup) {
        queue.async(group: group) {
            do throws(SystemCallError) {
                try EventLoop(self, configuration).run()
            } catch {
                configuration.observer?.serverWarning("an event loop cannot start: \(error)")
                _ = self.close()
            }
        }
    }

    /// Hands over a new connection; false when the loop has ended and the caller still owns the descriptor.
    func adopt(_ accepted: AcceptedConnection) -> Bool {
        let isCounted = accepted.probe == nil
        if isCounted { connectionCount.add(1, ordering: .relaxed) }
        let isTaken = state.withLock { state in
            if state.isClosed { return false }
            state.messages.accepted.append(accepted)
            return true
        }
        if isTaken { wake() } else if isCounted { connectionCount.subtract(1, ordering: .relaxed) }
        return isTaken
    }

    /// A connection that was handed over goes to another loop.
    func passedOn() { connectionCount.subtract(1, ordering: .relaxed) }

    /// A connection that was handed over is closed.
    func released(_ addressKey: UInt64) {
        connectionCount.subtract(1, ordering: .relaxed)
        addresses.leave(addressKey)
    }

    /// A connection counts for another address than before; false, and nothing is changed, where that has as many as it may.
    func recount(_ oldKey: UInt64, as newKey: UInt64) -> Bool {
        if oldKey == newKey { return true }
        guard addresses.admit(newKey) else { return false }
        addresses.leave(oldKey)
        return true
    }

    /// Lets connections finish until `deadline`, on the suspending clock. A later call can only shorten it.
    func stop(deadline: Instant) {
        state.withLock { state in
            state.messages.stopDeadline = min(state.messages.stopDeadline ?? deadline, deadline)
        }
        wake()
    }

    /// Makes each response its connection's last.
    func closeAfterResponses() {
        state.withLock { $0.messages.closesAfterResponses = true }
        wake()
    }

    func wakeStreams() {
        if streamsAreWoken.exchange(true, ordering: .acquiringAndReleasing) { return }
        wake()
    }

    /// Makes the loop take a turn.
    func wake() {
        if isSignalled.exchange(true, ordering: .sequentiallyConsistent) { return }
        var one: UInt64 = 1
        _ = systemCall { write(wakeDescriptor, &one, 8) }
    }

    /// For the loop: whether there may be something to take.
    var hasMessages: Bool { isSignalled.load(ordering: .acquiring) }

    /// For the loop: the messages since the last call. The flags fall before the messages are read, so nothing is missed.
    func takeMessages() -> Messages {
        var counter: UInt64 = 0
        _ = systemCall { read(wakeDescriptor, &counter, 8) }
        isSignalled.store(false, ordering: .sequentiallyConsistent)
        let woken = streamsAreWoken.exchange(false, ordering: .acquiringAndReleasing)
        return state.withLock { state in
            var taken = state.messages
            state.messages.accepted = []
            taken.streamsAreWoken = woken
            return taken
        }
    }

    /// For the loop: takes nothing from now on. Returns the connections that were still waiting.
    func close() -> [AcceptedConnection] {
        state.withLock { state in
            let waiting = state.messages.accepted
            state.messages.accepted = []
            state.isClosed = true
            return waiting
        }
    }
}
