import Synchronization

/// Answers in the order given; the last one again and again.
package final class Script: Sendable {
    private let replies: Mutex<[ScriptedServer.Reply]>

    package init(_ replies: ScriptedServer.Reply...) { self.replies = Mutex(replies) }

    package func next() -> ScriptedServer.Reply {
        replies.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }

    package func server() -> ScriptedServer { ScriptedServer { _ in self.next() }.start() }
}
