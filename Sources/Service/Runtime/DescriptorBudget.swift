import API
import Glibc
import HTTPServer

/// How the process's file descriptors are shared between clients and the service itself: clients get what is left when the
/// service's own are set aside, so no number of clients can cut it off from DynamoDB or its files.
package struct DescriptorBudget: Sendable, Hashable {
    /// Descriptors set aside. 80 are for libcurl's connections (`DynamoDBClientLimits.concurrentRequests`), 32 for connections that may be
    /// health probes' (`HTTPServerLimits.probeSlots`), and 16 for those that look for an idle one to replace
    /// (`HTTPServerLimits.roomSeekers`). 48 are left for what the process has open from the start (about 20), names being resolved,
    /// SQLite's files, and token and credential files.
    package static let reserve = 176
    /// Descriptors of one event loop.
    private static let perLoop = 2
    /// Connections that are served however few descriptors there are.
    package static let fewestConnections = 16
    /// Slots for probes where there are too few descriptors for anything, and where there are more than enough.
    private static let fewestProbeSlots = 4
    private static let mostProbeSlots = 256

    /// Descriptors that the process may have open.
    package let descriptors: Int
    /// Connections that `--max-connections` asks for.
    package let asked: Int
    /// Descriptors set aside for the service itself.
    package let reserved: Int

    /// `descriptors` is the soft limit of open files, `loops` the number of event loops.
    package init(descriptors: Int, asked: Int, loops: Int) {
        self.descriptors = descriptors
        self.asked = asked
        reserved = Self.reserve + loops * Self.perLoop
    }

    /// Connections that are served at once.
    package var connections: Int { min(asked, max(Self.fewestConnections, descriptors - reserved)) }

    /// Connections beyond these that may turn out to be health probes. More than those of the reserve where descriptors are left over: the
    /// more wait, the longer each may take to send its request while new ones arrive.
    package var probeSlots: Int {
        if isTight { return Self.fewestProbeSlots }
        let left = max(0, descriptors - reserved - connections)
        return min(Self.mostProbeSlots, HTTPServerLimits().probeSlots + left)
    }

    /// The part that `/v1/status` shows.
    var status: ConnectionBudget {
        ConnectionBudget(
            connections: connections,
            configured: asked,
            openFiles: descriptors,
            reservedFiles: reserved
        )
    }

    /// Whether there are too few descriptors even for the service itself and the fewest connections.
    package var isTight: Bool { descriptors < reserved + Self.fewestConnections }

    /// The outcome for an operator, in a sentence or two.
    package var sentence: String {
        let hint = "Raise it with ulimit -n, LimitNOFILE= or docker run --ulimit nofile=65536."
        if isTight {
            return
                "at most \(connections) connections are served, and files or calls to DynamoDB may still fail: the limit of open "
                + "files is \(descriptors), and the service needs \(reserved + Self.fewestConnections). \(hint)"
        }
        if connections < asked {
            return
                "at most \(connections) connections are served, fewer than the \(asked) of --max-connections: the limit of open "
                + "files is \(descriptors), and \(reserved) of them are kept for the service itself. \(hint)"
        }
        return "at most \(connections) connections are served; the limit of open files is \(descriptors)"
    }

    /// Raises the soft limit of open files to the hard one, and returns what holds then.
    package static func raiseLimit() -> Int {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        // It fails for wrong arguments only; then the usual limit is the best guess.
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
