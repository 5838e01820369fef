import CLinux
import Dispatch
import Glibc
import Synchronization

/// The part of an event loop that other threads may touch: its mailbox and its wake-up. What it does with connections
/// is in `ConnectionLoop`, which lives inside one long block on this loop's private queue.
final class EventLoop: Sendable {
    struct Accepted: Sendable {
        let descriptor: Int32
        let peerAddress: String
        /// What connections of one client have in common.
        let addressKey: UInt64
        /// Set where every place was taken.
        var search: RoomSearch?
        /// Set for a connection that is beyond the limits and not counted, and is there for this request alone.
        var probe: Probe?
    }

    /// A health probe's request, and the slot that its connection has.
    struct Probe: Sendable {
        let head: RequestHead
        let slot: ProbeSlots.Slot
    }

    /// What is waiting for the loop.
    struct Mail: Sendable {
        var accepted: [Accepted] = []
        /// When everything must be closed, once stopping has begun.
        var stopDeadline: Instant?
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
    private let mail = Mutex(Mail())
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
    func run(
        handler: any HTTPHandler,
        observer: (any HTTPServerObserver)?,
        limits: HTTPServerLimits,
        notes: ResponseNotes,
        clock: (@Sendable () -> Int)?,
        group: DispatchGroup
    ) {
        queue.async(group: group) {
            let loop: ConnectionLoop
            do {
                loop = try ConnectionLoop(
                    shell: self,
                    handler: handler,
                    observer: observer,
                    limits: limits,
                    notes: notes,
                    clock: clock
                )
            } catch {
                observer?.serverWarning("an event loop cannot start: \(error)")
                _ = self.close()
                return
            }
            loop.run()
        }
    }

    /// Hands over a new connection; false when the loop has ended and the caller still owns the descriptor.
    func adopt(_ accepted: Accepted) -> Bool {
        let isCounted = accepted.probe == nil
        if isCounted { connectionCount.add(1, ordering: .relaxed) }
        let isTaken = mail.withLock { mail in
            if mail.isClosed { return false }
            mail.accepted.append(accepted)
            return true
        }
        if isTaken { signal() } else if isCounted { connectionCount.subtract(1, ordering: .relaxed) }
        return isTaken
    }

    /// A connection that was handed over goes to another loop.
    func passedOn() { connectionCount.subtract(1, ordering: .relaxed) }

    /// A connection that was handed over is closed.
    func released(_ addressKey: UInt64) {
        connectionCount.subtract(1, ordering: .relaxed)
        addresses.leave(addressKey)
    }

    /// Lets connections finish until `deadline`, on the suspending clock. A later call can only shorten it.
    func stop(deadline: Instant) {
        mail.withLock { $0.stopDeadline = min($0.stopDeadline ?? deadline, deadline) }
        signal()
    }

    func wakeStreams() {
        if streamsAreWoken.exchange(true, ordering: .acquiringAndReleasing) { return }
        signal()
    }

    /// For the loop: whether there may be something to take.
    var hasMail: Bool { isSignalled.load(ordering: .acquiring) }

    /// For the loop: what has come since the last call. The flags fall before the mail is read, so nothing is missed.
    func takeMail() -> (mail: Mail, streamsAreWoken: Bool) {
        var counter: UInt64 = 0
        _ = systemCall { read(wakeDescriptor, &counter, 8) }
        isSignalled.store(false, ordering: .sequentiallyConsistent)
        let woken = streamsAreWoken.exchange(false, ordering: .acquiringAndReleasing)
        let taken = mail.withLock { mail in
            let taken = mail
            mail.accepted = []
            return taken
        }
        return (taken, woken)
    }

    /// For the loop: takes nothing from now on. Returns what was still waiting.
    func close() -> [Accepted] {
        mail.withLock { mail in
            let waiting = mail.accepted
            mail.accepted = []
            mail.isClosed = true
            return waiting
        }
    }

    /// Makes the loop take a turn.
    func nudge() { signal() }

    private func signal() {
        if isSignalled.exchange(true, ordering: .sequentiallyConsistent) { return }
        var one: UInt64 = 1
        _ = systemCall { write(wakeDescriptor, &one, 8) }
    }
}
