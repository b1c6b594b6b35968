"""The closed inventories from which every Almanac world is named.

A name is ``first stem [type]``, its initial form ``F. stem [type]``, its short form ``first``. Words of different
pools never coincide (asserted in tests), so that a query form finds what it is meant to find. No first word begins
with A: a lone "a" is a stopword. A closed vocabulary covers every world of every seed.
"""

from __future__ import annotations

from typing import Final, NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Pool(NamedTuple):
    """What the entities of one kind are named from.

    Attributes:
        firsts: first words.
        stems: second words.
        types: third words, or ("",) for kinds of two-word names.
        roles: what follows the adjective in a byname.
        nouns: what a page says that the entity is.
    """

    firsts: tuple[str, ...]
    stems: tuple[str, ...]
    types: tuple[str, ...]
    roles: tuple[str, ...]
    nouns: tuple[str, ...]


def _compose(heads: str, tails: str) -> tuple[str, ...]:
    return tuple(head + tail for head in heads.split() for tail in tails.split())


GIVEN: Final = _words(
    """
    Bela Benno Berit Bruna Casimir Celia Clovis Corin Dagny Damaris Dario Delphine Desmond Doria Edda Edwin
    Elias Elodie Emeric Enid Esme Fabian Farah Felix Fenna Fiora Gaspard Gemma Gideon Greta Gunnar Hale
    Hanna Hector Hilde Hugo Ines Ingo Iona Isidor Ivo Jarek Jessamy Joan Jorun Jude Kaspar Katya Kester
    Kirsten Konrad Lachlan Leda Leopold Linnea Lorenz Lucan Mabel Magnus Marit Matthis Mirela Moritz Nadia
    Nestor Nicola Noor Norbert Odile Olaf Orla Orson Otto Paloma Pascal Petra Philippa Piers Quentin Quilla
    Ramon Reiner Rhea Rolf Rosalind Rufus Sabine Selma Sidony Soren Stellan Sunniva Tamsin Tessa Thaddeus
    Theda Tobias Ulla Ulric Umberto Ursel Valentin Vera Viggo Viola Vito Wanda Wendel Wilma Winifred Xaver
    Xenia Yannick Yolanda Yorick Zelda Zeno Zora
    """
)
SURNAMES: Final = _compose(
    """
    Thorn Marl Bram Coth Darn Eller Fenn Garr Hask Ivers Jorr Kell Lang Mott Nett Orch Pell Quar Rams Sedge
    Tolle Ulv Vann Wick Yarr Zell Brock Crow Dray Esk Frost Gress Hald Kirk Lund Mosk Nord Ost Prym Rusk
    """,
    """
    well stead mark bury ham croft low mere wick sen by gard holt ley ton ford worth berg dale rick shaw
    combe wald more kin
    """,
)
COMPANY_FIRSTS: Final = _words(
    """
    Beacon Bison Brisk Cinder Cobalt Corvid Delta Drift Eagle Ember Falcon Flint Gable Granite Heron Hazel
    Indigo Jasper Juniper Kestrel Keystone Larch Lynx Meridian Mercury Nimbus Northway Onyx Orbit Pinnacle
    Plover Quartz Quarry Raven Rowan Sable Signal Teal Trident Umber Vector Vulcan Willow Wren Zenith Zephyr
    """
)
SCHOOL_FIRSTS: Final = _words(
    """
    Basil Bishop Canon Chantry Dean Deacon Elmwood Evensong Fellow Friar Gospel Grove Hallow Hermit Jubilee
    Kings Knights Laurel Linden Minster Monk Nunnery Oakham Olive Palm Prior Queens Regent Rector Scholar
    Shrine Trinity Temple Vesper Vicar Warden Wisdom Yew
    """
)
CITY_FIRSTS: Final = _words(
    """
    Bal Bryn Caer Corr Dun Dorn Elm Ebb Fal Firth Gann Glen Hurst Holm Inver Isk Jull Kyle Karn Lis Lorn Mar
    Mull Ness Nairn Oban Orr Pen Port Quay Ross Rath Strath Skye Tarn Tyne Ulf Ure Vell Voss Wold Wyre York
    Zan
    """
)
WORK_FIRSTS: Final = _words(
    """
    Barren Bitter Crimson Crooked Distant Drowned Endless Empty Fading Forgotten Gilded Gentle Hidden Hollow
    Idle Immortal Jagged Joyful Kindred Kindly Lonely Lasting Marble Moonlit Nameless Narrow Open Orphan
    Painted Patient Quiet Quick Restless Ruined Sleeping Solemn Tangled Twilight Unbroken Uneven Vanished
    Velvet Weary Woven Young Zealous
    """
)
COMPANY_STEMS: Final = _compose(
    "Hal Bor Cas Dom Fer Gil Jor Lam Mon Nar Per Rad Sol Tal Ver Wes",
    "vard mont dyne tex lux gan rix bex nova quist den tor",
)
SCHOOL_STEMS: Final = _compose(
    "Osr Pell Cuth Dunst Ethel Frid Godr Hilar Leof Mild Wulf Swith",
    "ic an bert red mund frith gyth wine burga stan",
)
CITY_STEMS: Final = _compose(
    "Harrow Marsh Stone Ash Clay Fern Gold Heath Iron Lake Moss Pine Reed Salt Thistle White",
    "gate port field bridge haven moor brook cliff fort minster side vale",
)
WORK_STEMS: Final = _words(
    """
    Orchard Sparrow Candle Mirror Shadow Garden Ladder Window Needle Basket Feather Meadow Bramble Cradle
    Compass Doorway Engine Fiddle Goblet Hammer Island Jewel Kettle Lattice Mountain Nettle Ocean Parlour
    Quiver Ribbon Saddle Tempest Umbrella Valley Whisper Yonder Anchor Blossom Cavern Dagger Echo Fountain
    Glacier Horizon Inkwell Jackdaw Lagoon Meteor
    """
)
ADJECTIVES: Final = _words(
    """
    Lantern Copper Winter Thunder Ivory Silent Amber Scarlet Broken Silver Wandering Midnight Golden
    Barefoot Crystal Dusty Emerald Feathered Frozen Gloomy Hooded Humble Inky Jade Laughing Leaden Masked
    Merry Misty Nimble Northern Obsidian Pale Pearl Plucky Purple Ragged Roaring Rusty Saffron Singing Sly
    Smiling Stormy Sunlit Tattered Thirsty Timber Tin Velour Wooden Whistling Wistful Yellow Zinc Bashful
    Brazen Cunning Dapper Eager Fearless Gallant Hasty Jolly Lively Modest Noble Odd Proud Rapid Steady
    Tranquil Urbane Valiant Wily Bold Calm Daring Earnest Fierce
    """
)
SEASONS: Final = ("Spring", "Summer", "Autumn", "Winterset")
PLACES: Final = _compose(
    "Fell Wren Cold Burnt Long Mill Raven Sand Tan West",
    "moor acre cross end hollow",
)
YEARS: Final = tuple(str(year) for year in range(1700, 2000))

POOLS: Final[dict[str, Pool]] = {
    "person": Pool(
        GIVEN,
        SURNAMES,
        ("",),
        _words(
            """
    Poet Weaver Pilot Surgeon Falconer Gardener Juggler Locksmith Miller Navigator Oracle Painter Ranger
    Sailor Tailor Usher Vintner Watchmaker Dancer Fiddler Hatter Lamplighter Mason Piper
    """
        ),
        _words(
            """
    weaver surgeon clerk engineer botanist printer surveyor chemist librarian musician carpenter translator
    """
        ),
    ),
    "company": Pool(
        COMPANY_FIRSTS,
        COMPANY_STEMS,
        _words("Foundry Mills Press Brewery Shipyard Instruments Textiles Railways"),
        _words("Anvil Bellows Crucible Furnace Loom Piston Spindle Turbine Workshop Smithy Kiln Forge"),
        _words("manufacturer supplier exporter workshop partnership enterprise"),
    ),
    "school": Pool(
        SCHOOL_FIRSTS,
        SCHOOL_STEMS,
        _words("Academy College Institute Seminary"),
        _words("Hall Lyceum Cloister Athenaeum Quadrangle Refectory Schoolhouse Rostrum"),
        _words("seat place house community"),
    ),
    "city": Pool(
        CITY_FIRSTS,
        CITY_STEMS,
        ("",),
        _words("Harbour Citadel Market Bastion Crossing Rampart Spire Wharf Causeway Gatehouse"),
        _words("settlement municipality borough township"),
    ),
    "work": Pool(
        WORK_FIRSTS,
        WORK_STEMS,
        _words("Sonata Elegy Ballad Tapestry Mural Novel"),
        _words("Canvas Folio Opus Pageant Rhapsody Scroll Stanza Triptych"),
        _words("piece composition creation masterpiece"),
    ),
}
