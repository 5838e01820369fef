import DynamoDBStream
import ReplicaStore
import Replication

/// One life of a table and its replica, from one seed: every choice in it is the seed's, so a seed is a whole test.
package struct Simulation {
    let world: SimulatedWorld
    var replicator: SimulatedReplicator
    private var happened = 0
    private var steps = 0

    /// More steps than any life needs: a machine that asks for the same thing for ever ends here.
    static let longestLife = 60_000
    /// How long after the last trouble everything must be well again, in milliseconds.
    static let longestRecovery = 300_000

    /// Every other life's service tells its time, unless it is said: Amazon's does, and not every proxy or double lets it through.
    private init(seed: UInt64, mutation: Mutation?, tellsTime: Bool? = nil, tellsStory: Bool = false) {
        world = SimulatedWorld(scenario: Scenario(seed: seed), seed: seed)
        if tellsStory { world.story = [] }
        for _ in 0..<world.scenario.writesBefore {
            world.write(world.random.below(world.scenario.keys), isPut: true)
        }
        replicator = SimulatedReplicator(
            world: world,
            seed: seed,
            mutation: mutation,
            tellsTime: tellsTime ?? seed.isMultiple(of: 2)
        )
    }

    /// What was wrong in the life of a seed; empty when all was well.
    package static func violations(
        seed: UInt64,
        mutation: Mutation? = nil,
        tellsTime: Bool? = nil
    ) -> [String] {
        var simulation = Simulation(seed: seed, mutation: mutation, tellsTime: tellsTime)
        simulation.liveBusy()
        simulation.liveQuietly()
        return simulation.replicator.witness.violations
    }

    /// Everything that happens in the life of a seed, a line each, with its violations at the end.
    package static func story(seed: UInt64) -> [String] {
        var simulation = Simulation(seed: seed, mutation: nil, tellsStory: true)
        simulation.liveBusy()
        simulation.liveQuietly()
        let scenario = "\(simulation.world.scenario)"
        return [scenario] + (simulation.world.story ?? []) + simulation.replicator.witness.violations
    }

    /// How many steps a life took, for measurements.
    package static func steps(seed: UInt64) -> Int {
        var simulation = Simulation(seed: seed, mutation: nil)
        simulation.liveBusy()
        simulation.liveQuietly()
        return simulation.steps
    }

    private var isAccused: Bool { !replicator.witness.violations.isEmpty }

    private mutating func liveBusy() {
        let agenda = world.scenario.agenda
        while !isAccused, happened < agenda.count || world.now < world.scenario.busy + delay, steps < Self.longestLife {
            step()
        }
    }

    /// No more faults and writes: the replica must be live, caught up and equal to the table within a bound.
    private mutating func liveQuietly() {
        world.areFaultsOn = false
        let began = world.now
        world.skew = 0
        let quiet = replicator.time
        while !isAccused {
            step()
            // Two moments would take each other's evidence away.
            if replicator.readiness.state == .live, replicator.life.isLive, replicator.rebuildDue == nil,
                replicator.life.stream == world.stream,
                replicator.life.scanEnd.map({ $0.continuous >= quiet.continuous }) ?? false
                    || replicator.machine.hasCaughtUp(since: quiet)
            {
                replicator.witness.demand(everythingBefore: world.now, world, "caught up in quiet")
                replicator.witness.compare(replicator.life.writer.snapshot(), world)
                return
            }
            if world.now - began > Self.longestRecovery || steps >= Self.longestLife {
                let reason = "\(replicator.readiness.state) (\(replicator.readiness.reason)) after \(steps) steps"
                replicator.witness.accuse("not well within \(world.now - began) ms of quiet: \(reason)")
            }
        }
    }

    // MARK: Time

    private mutating func step() {
        steps += 1
        let agenda = world.scenario.agenda
        var moment = replicator.watchDue
        var wake: Int?
        if replicator.rebuildDue == nil, replicator.away == nil,
            replicator.saboteur.mutation != .bookmarkAfterScan || replicator.life.scanEnd != nil
        {
            wake = replicator.machine.nextWake.map { max(world.now, replicator.worldTime($0)) }
        }
        var place: Int?
        for (index, errand) in replicator.errands.enumerated() {
            guard let best = place else {
                place = index
                continue
            }
            let other = replicator.errands[best]
            if (errand.at, errand.order) < (other.at, other.order) { place = index }
        }
        moment = min(moment, replicator.tableCheckDue)
        if let wake { moment = min(moment, wake) }
        if let due = replicator.scanDue { moment = min(moment, due) }
        if let due = replicator.rebuildDue { moment = min(moment, due) }
        if let due = replicator.saveDue { moment = min(moment, due) }
        if let due = replicator.away?.until { moment = min(moment, due) }
        if let place { moment = min(moment, replicator.errands[place].at) }
        if happened < agenda.count { moment = min(moment, agenda[happened].at + delay) }
        world.now = max(world.now, moment)
        if happened < agenda.count, agenda[happened].at + delay <= world.now {
            happened += 1
            happen(agenda[happened - 1].happening)
        } else if let place, replicator.errands[place].at <= world.now {
            let errand = replicator.errands.remove(at: place).errand
            replicator.run(errand)
        } else if let due = replicator.scanDue, due <= world.now {
            replicator.startScan()
        } else if let due = replicator.rebuildDue, due <= world.now {
            replicator.begin()
        } else if let due = replicator.away?.until, due <= world.now {
            replicator.describe()
        } else if let due = replicator.saveDue, due <= world.now {
            replicator.saveState()
        } else if replicator.watchDue <= world.now {
            replicator.watch()
        } else if replicator.tableCheckDue <= world.now {
            replicator.checkTable()
        } else if let wake, wake <= world.now {
            replicator.send(.tick)
        }
    }

    /// What suspensions have added to the agenda's times.
    private var delay = 0

    private mutating func happen(_ happening: Scenario.Happening) {
        world.tell("\(happening)")
        switch happening {
        case .write(let key, let isPut): world.write(key, isPut: isPut)
        case .split(let choice, let children, let listedAfter, let staysListedOpen):
            world.split(choice, into: children, listedAfter: listedAfter, staysListedOpen: staysListedOpen)
        case .suspend(let pause):
            // The table lives on, unseen.
            world.now += 500
            world.write(world.random.below(world.scenario.keys), isPut: world.random.chance(70))
            let rest = (pause - 500) / 4
            let splitAt = world.random.chance(50) ? world.random.below(3) : -1
            for index in 0..<3 {
                world.now += rest
                if index == splitAt {
                    world.split(world.random.below(8), into: 1, listedAfter: 0, staysListedOpen: false)
                }
                world.write(world.random.below(world.scenario.keys), isPut: true)
            }
            world.now += rest
            delay += pause
            world.expire()
            replicator.watchDue = world.now
        case .skew(let skew): world.skew = skew
        case .crash(let keepsState): replicator.crash(keepsState: keepsState)
        case .consumerFails: replicator.consumerFails = true
        case .breakShard(let choice, let how): world.breakShard(choice, how)
        case .mendShard: world.mend()
        case .deny(let isDenied): world.isDenied = isDenied
        case .disableStream: world.disableStream()
        case .enableStream: world.enableStream()
        }
    }
}
