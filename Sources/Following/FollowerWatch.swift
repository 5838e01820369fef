import Basics
import ReplicaStore
import Replication

/// Tells everybody how the follower is: its state, its lag, and why. On the follower's thread.
final class FollowerWatch {
    private let settings: FollowingSettings
    private let replication: ReplicationSettings
    private let reporter: StateReporter
    private let time: TimeSource
    private var lookedAt: Duration?
    private var toldTrouble: String?
    /// Why the contents are loaded again; nil where no contradiction is the cause.
    private var contradiction: String?

    init(
        _ settings: FollowingSettings,
        _ replication: ReplicationSettings,
        _ reporter: StateReporter,
        _ time: TimeSource
    ) {
        self.settings = settings
        self.replication = replication
        self.reporter = reporter
        self.time = time
        reporter.update { $0.upstream = UpstreamStatus() }
        reporter.explain(Reason(.waitingForUpstream, "waiting for the first answer of an upstream"))
    }

    // MARK: News

    /// Takes what a session tells.
    func hear(_ news: FollowerSession.News) {
        switch news {
        case .loading(let contents, let isFirst): loads(contents, isFirst: isFirst)
        case .continuing(let contents, let isMoved):
            describe(contents)
            reporter.observe(.upstreamContinues(epoch: contents.epoch.text, isMoved: isMoved))
        case .settled(let mark): settled(mark)
        case .held(let words): reporter.explain(Reason(.loadingUpstream, words))
        case .differs(let words): reporter.observe(.upstreamDiffers(words))
        case .waits(let trouble): tell(trouble)
        }
    }

    private func loads(_ contents: UpstreamContents, isFirst: Bool) {
        describe(contents)
        let reason =
            contradiction.map { Reason(.upstreamDiffers, "the contents are loaded again, because \($0)") }
            ?? Reason(
                .loadingUpstream,
                isFirst ? "loading the contents of the upstream" : "loading the upstream's new contents"
            )
        if isFirst {
            reporter.transition { readiness in
                if readiness.state == .starting || readiness.state == .syncing {
                    readiness.beginGeneration(reason.text, code: reason.code)
                }
            }
        } else {
            reporter.beginRebuild(reason)
        }
    }

    private func describe(_ contents: UpstreamContents) {
        reporter.update { status in
            status.tableName = contents.tableName
            status.streamARN = contents.streamARN
            status.ignoredAttributes = contents.ignoredAttributes
            status.upstream?.isFollowed = false
        }
    }

    /// The contents are the upstream's. A state and its lag are told in one step.
    private func settled(_ mark: UpstreamMark) {
        (toldTrouble, contradiction) = (nil, nil)
        let now = time.continuous()
        let isLive = mark.state == ReplicaState.live.rawValue
        reporter.transition(lookedAt: now) {
            show(mark, at: now, in: &$0)
            $0.isWithheld = false
        } _: { readiness in
            if readiness.state == .rebuilding || (isLive && !readiness.hasBeenLive) {
                // Judged at once: where the upstream is not live, neither is this replica.
                readiness.goLive()
            } else if !readiness.hasBeenLive {
                readiness.showStale(Self.reason(mark).text, code: .upstreamStale)
            }
            readiness.judge(evidence(mark, at: now, now: now, nil), maximumLag: replication.maximumLag)
        }
    }

    private static func reason(_ mark: UpstreamMark) -> Reason {
        Reason(.upstreamStale, "the upstream is \(mark.state): \(mark.reason)")
    }

    /// What readers saw was taken from them, since it did not fit into memory beside what takes its place.
    func dropped(_ text: String) {
        reporter.update {
            $0.memory.droppedContents += 1
            $0.isWithheld = true
        }
        reporter.observe(.contentsDropped(reason: text))
    }

    // MARK: Looking

    /// Judges the state, unless that was done a moment ago.
    func look(_ session: FollowerSession) {
        let now = time.continuous()
        if let lookedAt, now - lookedAt < settings.limits.watchInterval { return }
        lookedAt = now
        note(session)
        tell(session.trouble)
        guard let (mark, at) = session.bookmark, reporter.readiness.hasServed else {
            return reporter.update(lookedAt: now) { _ in }
        }
        reporter.transition(lookedAt: now) {
            // A bookmark says how far the upstream was when it was sent: since then this replica may lack anything.
            show(mark, at: at, in: &$0)
            if mark.lagMilliseconds != nil { $0.lagMilliseconds = lag(mark, at: at, now: now) }
        } _: {
            $0.judge(evidence(mark, at: at, now: now, session.trouble), maximumLag: replication.maximumLag)
        }
    }

    /// The connection was lost, for the reason that the session tells.
    func lost(_ session: FollowerSession) {
        note(session)
        tell(session.trouble, isAttempt: true)
    }

    /// Says a trouble once. `isAttempt`: a connection has ended with it.
    private func tell(_ trouble: FollowerMachine.Trouble?, isAttempt: Bool = false) {
        guard let trouble else { return }
        if trouble.kind == .contradiction { contradiction = trouble.text }
        // Repeats of a start that waits are left out where they are logged.
        if isAttempt, !reporter.readiness.hasServed {
            reporter.observe(.startWaits(code: Self.code(trouble), reason: trouble.text))
        }
        guard trouble.text != toldTrouble else { return }
        toldTrouble = trouble.text
        reporter.update { $0.lastError = trouble.text }
        let reason = Reason(Self.code(trouble), trouble.text)
        guard reporter.readiness.hasServed else {
            reporter.explain(reason)
            if !isAttempt { reporter.observe(.startWaits(code: reason.code, reason: reason.text)) }
            return
        }
        if reporter.readiness.state == .rebuilding { reporter.explain(reason) }
        reporter.observe(.upstreamTrouble(trouble.text))
    }

    private func note(_ session: FollowerSession) {
        let counts = session.counts
        reporter.update { status in
            status.changesApplied = session.contents.applied
            status.upstream = UpstreamStatus(
                url: session.upstream,
                chain: session.chain,
                isFollowed: session.trouble == nil && session.bookmark != nil,
                trouble: session.trouble?.text,
                connections: counts.connections,
                loads: counts.loads,
                resumptions: counts.resumptions,
                moves: counts.moves,
                comparisons: counts.comparisons,
                differences: counts.differences,
                contradictions: counts.contradictions,
                bytes: counts.bytes
            )
        }
    }

    private func show(_ mark: UpstreamMark, at moment: Duration, in status: inout ReplicationStatus) {
        // Unknown upstream is unknown here.
        status.lagMilliseconds = mark.lagMilliseconds
        status.servedAsOf = moment - .milliseconds(mark.lagMilliseconds ?? 0)
    }

    private func lag(_ mark: UpstreamMark, at moment: Duration, now: Duration) -> Int64 {
        (mark.lagMilliseconds ?? 0) + max(0, (now - moment).wholeMilliseconds)
    }

    private func evidence(
        _ mark: UpstreamMark,
        at moment: Duration,
        now: Duration,
        _ trouble: FollowerMachine.Trouble?
    ) -> Readiness.Evidence {
        Readiness.Evidence(
            lagMilliseconds: lag(mark, at: moment, now: now),
            obstacle: mark.state == ReplicaState.live.rawValue ? nil : Self.reason(mark),
            trouble: trouble.map { Readiness.Trouble(Self.code($0), "the upstream cannot be followed: \($0.text)") }
        )
    }

    private static func code(_ trouble: FollowerMachine.Trouble) -> ReasonCode {
        switch trouble.kind {
        case .unreachable, .goodbye: .upstreamUnreachable
        case .notReady: .waitingForUpstream
        case .unusable: .upstreamUnusable
        case .contradiction: .upstreamDiffers
        }
    }
}
