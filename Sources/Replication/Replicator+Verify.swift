import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import TableModel

extension Replicator {
    /// Compares table and replica again and again, slowly, and puts right what differs.
    ///
    /// A row that differs is a suspect: most often its change is under way. Once the stream has passed the time of the read, the
    /// suspect is read again, strongly consistent; when the stream has passed the time of that read too, and has not told
    /// anything of the key in between, every write up to that read has been applied. What still differs then is a divergence.
    ///
    /// `VerificationSchedule` says when; with `isResumed` the contents come from a saved state.
    nonisolated func verify(
        _ target: ReplicationTarget,
        _ poller: StreamPoller,
        _ images: ImageCompletion,
        isResumed: Bool
    ) async -> GenerationEnd? {
        let isContinuous = settings.verifyUnitsPerSecond != nil
        if isContinuous { showVerification() }
        let pacer = ReadPacer(unitsPerSecond: settings.verifyUnitsPerSecond ?? settings.scanUnitsPerSecond, time: time)
        var schedule = VerificationSchedule(
            isContinuous: isContinuous,
            isResumed: isResumed,
            limits: settings.limits
        )
        while await pause(settings.limits.verifyInterval) {
            guard let (snapshot, skippedRecords) = await verifiable() else { continue }
            let step = schedule.next(
                skippedRecords: skippedRecords,
                unreadable: snapshot.unreadableCount,
                at: time.continuous()
            )
            guard step != .rest else { continue }
            let pass = VerificationPass(
                target,
                snapshot,
                poller,
                images,
                fetch: itemFetch(target),
                pacer: pacer,
                skippedRecords: skippedRecords,
                limits: settings.limits,
                random: time.random()
            )
            do {
                try await run(step, pass)
                try Task.checkCancellation()
                let left = await ended(step, pass)
                schedule.ended(step, isComplete: pass.isComplete, skippedRecords: left, at: time.continuous())
            } catch let error as DynamoDBError {
                // Only the comparison has failed; the stream is still followed. It counts, so that one which always fails part of the way
                // is not repeated every minute.
                schedule.ended(step, isComplete: false, skippedRecords: skippedRecords, at: time.continuous())
                report(error)
            } catch {
                if Task.isCancelled { return .cancelled }
            }
        }
        return .cancelled
    }

    /// The published snapshot of this generation, and how many records had been skipped by then; nil while it is not live.
    private func verifiable() -> (StoreSnapshot, skippedRecords: Int)? {
        guard let generation, generation.liveSince != nil, readiness.state == .live, let snapshot = store.snapshot
        else { return nil }
        return (snapshot, generation.skippedRecords)
    }

    private nonisolated func showVerification() {
        board.update { if $0.verification == nil { $0.verification = VerificationStatus() } }
    }

    private nonisolated func run(_ step: VerificationSchedule.Step, _ pass: VerificationPass) async throws {
        switch step {
        case .rest: break
        case .compare:
            showVerification()
            try await compare(pass)
        case .readUnreadable:
            try await goThrough(pass) { snapshot, cursor in
                pass.unreadable(in: snapshot, after: &cursor, limit: settings.limits.verifyChunk)
            }
        }
    }

    /// After a comparison that left nothing open the replica is right, whatever records were skipped before it. Returns how many records
    /// nothing has made good for.
    private func ended(_ step: VerificationSchedule.Step, _ pass: VerificationPass) -> Int {
        guard step == .compare, generation?.writer.epoch == pass.epoch else { return generation?.skippedRecords ?? 0 }
        board.update {
            $0.verification?.passes += 1
            $0.verification?.lastPassAt = time.wallMilliseconds()
        }
        generation?.skippedRows = pass.skippedRows
        if generation?.skippedRecords == pass.skippedRecords, pass.isComplete, pass.skippedRows == 0 {
            generation?.cleanPasses += 1
        } else {
            generation?.cleanPasses = 0
        }
        if let clean = generation?.cleanPasses, clean >= settings.limits.cleanPasses { generation?.skippedRecords = 0 }
        tellSkipped()
        return generation?.skippedRecords ?? 0
    }

    private nonisolated func compare(_ pass: VerificationPass) async throws {
        let scan = TableScan(
            api: table,
            table: pass.target.tableReference,
            schema: pass.target.keySchema,
            segments: 1,
            limits: settings.limits,
            time: time,
            pacer: pass.pacer,
            apply: { page in await self.compare(page, pass) },
            segmentEnded: {},
            trouble: { error in self.report(error) }
        )
        try await scan.run()
        // The other way round: what the table no longer has.
        try await goThrough(pass) { snapshot, cursor in
            pass.unmet(in: snapshot, after: &cursor, limit: settings.limits.verifyChunk)
        }
    }

    /// Examines the keys that `next` takes from the replica, piece by piece.
    private nonisolated func goThrough(
        _ pass: VerificationPass,
        _ next: (StoreSnapshot, inout [UInt8]?) -> [ItemKey]
    ) async throws {
        var cursor: [UInt8]?
        repeat {
            try Task.checkCancellation()
            guard let snapshot = store.snapshot, snapshot.position.epoch == pass.epoch else { return pass.leaveOpen() }
            let suspects = next(snapshot, &cursor)
            await examine(suspects, pass)
            await Task.yield()
        } while cursor != nil
    }

    private nonisolated func compare(_ page: ScanPage, _ pass: VerificationPass) async {
        guard let snapshot = store.snapshot, snapshot.position.epoch == pass.epoch else { return pass.leaveOpen() }
        let suspects = pass.suspects(in: page, against: snapshot)
        board.update {
            $0.verification?.rows += page.items.entries.count + page.unreadable.count
            $0.verification?.consumedUnits += page.units
        }
        var start = 0
        while start < suspects.count, !Task.isCancelled {
            let end = min(start + settings.limits.verifyChunk, suspects.count)
            await examine(Array(suspects[start..<end]), pass)
            start = end
        }
        if start < suspects.count { pass.leaveOpen() }
    }

    /// Decides what suspects are.
    private nonisolated func examine(_ keys: [ItemKey], _ pass: VerificationPass) async {
        guard !keys.isEmpty else { return }
        guard !Task.isCancelled else { return pass.leaveOpen() }
        board.update { $0.verification?.suspects += keys.count }
        guard await streamPasses(pass) else { return leaveOpen(keys.count, pass) }
        // From here on no image that the stream read earlier than the fetch below can follow what the fetch brings.
        pass.images.watch(keys)
        defer { pass.images.unwatch() }
        guard let snapshot = store.snapshot, snapshot.position.epoch == pass.epoch else { return pass.leaveOpen() }
        var before: [ItemKey: UInt64] = [:]
        for key in keys { before[key] = snapshot.newestState(of: key)?.seq }
        guard let permit = try? await pass.pacer.permitForItems(keys.count) else { return pass.leaveOpen() }
        let result = await pass.fetch.fetch(keys)
        let units = result.states.values.reduce(0) { $0 + $1.units }
        pass.pacer.settle(permit, units: units, items: 0)
        board.update { $0.verification?.consumedUnits += units }
        if let error = result.error { report(error) }
        guard await streamPasses(pass) else { return leaveOpen(keys.count, pass) }
        let undecided = keys.count - result.states.count
        await settle(result.states, before, pass)
        if undecided > 0 { leaveOpen(undecided, pass) }
    }

    private nonisolated func leaveOpen(_ count: Int, _ pass: VerificationPass) {
        pass.leaveOpen()
        guard !Task.isCancelled else { return }
        board.update { $0.verification?.unresolved += count }
    }

    /// Waits until everything written before now has been applied; false when that takes too long.
    private nonisolated func streamPasses(_ pass: VerificationPass) async -> Bool {
        let moment = streamTime()
        let deadline = moment.continuous + settings.limits.verifyPatience
        while !(await pass.poller.hasCaughtUp(since: moment)) {
            guard time.continuous() < deadline, await pause(settings.limits.watchInterval) else { return false }
        }
        return !Task.isCancelled
    }

    /// Puts right what differs from `states`, the table as it was when everything up to then has been applied.
    private func settle(_ states: [ItemKey: TableItem], _ before: [ItemKey: UInt64], _ pass: VerificationPass) {
        guard let writer = generation?.writer, writer.epoch == pass.epoch, generation?.liveSince != nil,
            let snapshot = store.snapshot
        else { return pass.leaveOpen() }
        var puts: [ItemKey] = []
        var removals: [ItemKey] = []
        /// Of these, keys whose items could not be read before.
        var readable = 0
        var unreadable: [ItemKey] = []
        var changing = 0
        for (key, item) in states {
            let state = snapshot.newestState(of: key)
            guard state?.seq == before[key] else {
                changing += 1
                continue
            }
            let held = state.flatMap { $0.isTombstone ? nil : $0 }
            let wasUnreadable = state?.isUnreadable == true
            switch item {
            case .found(let item):
                let isEqual = held?.withPackedItem { $0.elementsEqual(item.packed) } ?? false
                guard !isEqual else { continue }
                puts.append(key)
                if wasUnreadable { readable += 1 }
            case .absent: if held != nil || wasUnreadable { removals.append(key) }
            case .unreadable(let reason):
                guard !wasUnreadable else { continue }
                unreadable.append(key)
                report(.item(key, pass.target.keySchema, reason))
            }
        }
        if changing > 0 { board.update { $0.verification?.unresolved += changing } }
        let differing = puts + removals + unreadable
        guard !differing.isEmpty else { return }
        // A record that comes late all the same must not bring back what it was before.
        pass.images.alwaysFetch(differing)
        for key in differing {
            let outcome: Change.Outcome =
                switch states[key] {
                case .found(let item): .put(item)
                case .unreadable: .unreadable
                case .absent, nil: .remove
                }
            writer.repair(key, outcome, at: time.wallMilliseconds())
        }
        board.update {
            $0.verification?.repairedPuts += puts.count - readable
            $0.verification?.repairedRemovals += removals.count
        }
        publish()
        if readable > 0 { observer.observe(.readable(count: readable)) }
        guard puts.count > readable || !removals.isEmpty else { return }
        observer.observe(.repaired(put: puts.count - readable, removed: removals.count))
    }
}
