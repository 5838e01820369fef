import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import Replication
import StateStore

/// The saved state, as `StateSaver` keeps it: positions first, then a snapshot, then the file, each at a moment of its own.
extension SimulatedReplicator {
    private var identity: StateIdentity {
        StateIdentity(
            tableName: "t",
            keySchema: SimulatedWorld.schema,
            streamARN: SimulatedWorld.streamARN(life.stream)
        )
    }

    private var mark: StateMark? {
        let positions = machine.state(streamARN: SimulatedWorld.streamARN(life.stream))
        let view = machine.view(at: time)
        guard view.isResumable(from: positions) else { return nil }
        let isOver = view.status == .disabled || view.status == .disabling
        let readAt = isOver ? nil : view.unreadMilliseconds.map { time.wallMilliseconds - $0 }
        return StateMark(positions: positions.encoded(), streamReadAt: readAt)
    }

    mutating func saveState() {
        saveDue = nil
        guard state != nil, life.isLive, rebuildDue == nil, let mark else { return }
        if saboteur.mutation == .savedAheadOfApplied {
            post(.writeState(mark, life.writer.snapshot()), after: 1_500)
        } else {
            post(.snapshotState(mark), after: 1 + world.random.below(3))
        }
    }

    mutating func snapshotState(_ mark: StateMark) {
        post(
            .writeState(mark, life.writer.snapshot()),
            after: 1 + world.random.below(world.random.chance(20) ? 900 : 30)
        )
    }

    mutating func writeState(_ mark: StateMark, _ snapshot: StoreSnapshot) {
        let written = saboteur.mutation == .savedAheadOfApplied ? self.mark ?? mark : mark
        world.tell("saves up to \(snapshot.position.seq), \(String(decoding: written.positions, as: UTF8.self))")
        if let trouble = state?.save(snapshot, written, of: identity) { witness.accuse("not saved: \(trouble)") }
    }

    /// The process dies, at times in the middle of a save, and is started again.
    mutating func crash(keepsState: Bool) {
        if state != nil, let errand = errands.first(where: { if case .writeState = $0.errand { true } else { false } }),
            case .writeState(let mark, let snapshot) = errand.errand, world.random.chance(60)
        {
            state?.saveAndTear(snapshot, mark, of: identity, at: world.random.below(1_000))
        } else {
            state?.kill()
        }
        readiness = Readiness()
        away = nil
        witness.forgetShown()
        rebuilds = 0
        hasHeard = false
        // On this machine, or on another one.
        uptime = Self.uptime(seed &+ UInt64(truncatingIfNeeded: world.now))
        errands.removeAll()
        (scanDue, rebuildDue, saveDue) = (nil, nil, nil)
        guard keepsState, let stream = world.stream else {
            if !keepsState { state?.forget() }
            return begin()
        }
        life = Life(stream: stream, writer: life.writer)
        switch state?.load(identity, at: time.wallMilliseconds) {
        case .success(let restored?): show(restored, stream)
        case .success(nil), nil: begin()
        case .failure(let rejection):
            world.tell("state rejected: \(rejection)")
            if !rejection.isExpected { witness.accuse("a state was refused: \(rejection)") }
            begin()
        }
    }

    /// Shows the state as it was saved, until the table is described: at once, or when AWS is back.
    private mutating func show(_ restored: RestoredState, _ stream: Int) {
        if let reason = restored.newEpochReason { witness.accuse("a new epoch: \(reason)") }
        witness.survive()
        readiness.showSavedState()
        witness.show(restored.writer.snapshot(), world)
        if saboteur.mutation == .savedStateIsLive { readiness.goLive() }
        // Choices of its own, so that the other lives stay what they are.
        var choice = SimulationRandom(seed: seed &+ UInt64(truncatingIfNeeded: world.now))
        guard choice.chance(50) else { return resume(restored, stream) }
        let outage = choice.within(500...60_000)
        world.tell("AWS is away for \(outage) ms")
        away = (world.now + outage, restored, stream)
    }

    /// AWS is back: the state is resumed unless it is of another stream or too old by now.
    mutating func describe() {
        guard let (_, restored, stream) = away else { return }
        away = nil
        let isOld = StateLimits().rejection(readAt: restored.streamReadAt, at: time.wallMilliseconds) != nil
        guard world.stream == stream, !isOld else {
            readiness.beginGeneration("the saved state is not used")
            state?.abandon("the saved state is not used")
            return begin()
        }
        resume(restored, stream)
    }

    private mutating func resume(_ restored: RestoredState, _ stream: Int) {
        guard let positions = try? ShardState(decoding: restored.positions) else {
            return witness.accuse("positions were saved that are none")
        }
        world.tell("resumes \(String(decoding: restored.positions, as: UTF8.self))")
        tableCheckDue = world.now + Self.tableCheckInterval
        seed &+= 1
        life = Life(stream: stream, writer: restored.writer)
        life.scanEnd = time
        life.expiresAt = restored.streamReadAt + Int64(StreamLimits().retention.components.seconds) * 1_000
        machine = StreamMachine(start: .state(positions), settings: Self.settings(scenario), seed: seed)
        send(.tick)
        _ = machine.hasCaughtUp(since: time)
    }
}

extension StateRejection {
    /// What a life can bring about: a stop that was too long, a stream that is another, a save that was not finished, a gap.
    fileprivate var isExpected: Bool {
        switch self {
        case .incomplete, .abandoned, .otherStream, .tooOld: true
        case .foreign, .newerFormat, .olderFormat, .otherTable, .otherKeySchema, .otherIgnoredAttributes,
            .fromTheFuture,
            .damaged, .unreadable, .tooLarge, .unresponsive:
            false
        }
    }
}
