<?php
// The graphs that Icinga Web's module Graphite draws with templates for check commands, without a web server.
//
// Reads a JSON list of [host, service, check command]. Prints a JSON list with an entry for each graph: the service, the
// template, the metric of each curve, and the picture (base64).
require_once '/usr/share/php/Icinga/Application/EmbeddedWeb.php';

use Icinga\Application\EmbeddedWeb;
use Icinga\Module\Graphite\Graphing\GraphingTrait;
use Icinga\Module\Graphite\Web\Widget\GraphImage;

EmbeddedWeb::start('/usr/share/icingaweb2');

class Graphing
{
    use GraphingTrait;

    public static function templates($command)
    {
        return static::getAllTemplates()->getTemplates($command);
    }
}

$found = [];
foreach (json_decode(stream_get_contents(STDIN)) as list($host, $service, $command)) {
    $object = ['host.name' => $host, 'service.name' => $service, 'service.check_command' => $command];
    foreach (Graphing::templates($command) as $name => $template) {
        foreach ($template->getCharts(Graphing::getMetricsDataSource(), null, $object) as $chart) {
            $found[] = [
                'service' => $service,
                'template' => $name,
                'curves' => $chart->getMetrics(),
                'picture' => base64_encode((new GraphImage($chart->setFrom(-300)))->render()),
            ];
        }
    }
}
echo json_encode($found);
