# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_haechi_global_optspecs
    string join \n lang= color= h/help V/version
end

function __fish_haechi_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_haechi_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_haechi_using_subcommand
    set -l cmd (__fish_haechi_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c haechi -n "__fish_haechi_needs_command" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_needs_command" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_needs_command" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_needs_command" -s V -l version -d '버전 출력'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "scan" -d '매니페스트의 문제와 그 위치, 해결 방법을 찾습니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "baseline" -d '현재 발견 사항을 기록하여 이후 검사에서 새로운 것만 표시하게 합니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "config" -d '설정을 확인합니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "explain" -d '점검 항목의 이유, 해결 방법, 다른 도구에서의 이름을 설명합니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "completions" -d '셸에서 명령줄을 자동 완성하는 데 필요한 스크립트를 출력합니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "detect" -d '감사 로그, 클라우드 활동 로그, 흐름 로그, 발견 사항, 기록된 커널 이벤트를 탐지 규칙으로 검사합니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "rules" -d '탐지 규칙을 나열하고 시험하고 설명합니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "checks" -d '모든 점검 항목을 나열합니다'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "access" -d '누가 무엇을 할 수 있는지, 어떻게 관리자가 될 수 있는지, 어떤 권한을 회수할지 알아봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l only -d '지정한 점검 항목만 실행합니다(쉼표로 구분)' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l skip -d '지정한 점검 항목을 제외합니다' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l pod-security -d '파드 보안 표준(Pod Security Standards)으로도 판정합니다: `baseline`, `restricted`, 버전 지정 예: `restricted:v1.30`' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l max-file-size -d '이 크기(MiB)보다 큰 파일은 읽지 않습니다 [기본값: 64]' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -s j -l threads -d '스레드 수. 지정하지 않으면 코어 수와 같습니다' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l config -d '설정 파일. 지정하지 않으면 첫 번째 경로의 상위 폴더에서 haechi.toml을 찾습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand scan" -s o -l output -d '결과 출력 형식 [선택: table, json, sarif, junit, csv, html, github] [기본값: table]' -r -f -a "table\t''
json\t''
sarif\t''
junit\t''
csv\t''
html\t''
github\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l fail-on -d '이 심각도 이상의 발견 사항이 있으면 종료 코드 1을 반환합니다 [선택: info, low, medium, high, critical, never] [기본값: low]' -r -f -a "info\t''
low\t''
medium\t''
high\t''
critical\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l min-severity -d '이 심각도 이상의 발견 사항만 표시합니다 [선택: info, low, medium, high, critical] [기본값: info]' -r -f -a "info\t''
low\t''
medium\t''
high\t''
critical\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l baseline -d '이 파일에 기록된 발견 사항은 제외합니다. `haechi baseline` 참조' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l group-by -d '`table`과 `html` 출력에서 발견 사항을 묶는 기준 [선택: file, namespace, check, owner] [기본값: file]' -r -f -a "file\t''
namespace\t''
check\t''
owner\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l owner-label -d '오브젝트의 소유자를 나타내는 레이블. 오브젝트, 파드, 네임스페이스 순으로 처음 찾은 값을 사용합니다 [기본값: owner, team]' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l all -d '기본으로 꺼져 있는 점검 항목까지 모두 실행합니다'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l no-ignore -d '.gitignore와 .ignore 파일이 제외한 파일도 검사합니다'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l only -d '지정한 점검 항목만 실행합니다(쉼표로 구분)' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l skip -d '지정한 점검 항목을 제외합니다' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l pod-security -d '파드 보안 표준(Pod Security Standards)으로도 판정합니다: `baseline`, `restricted`, 버전 지정 예: `restricted:v1.30`' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l max-file-size -d '이 크기(MiB)보다 큰 파일은 읽지 않습니다 [기본값: 64]' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -s j -l threads -d '스레드 수. 지정하지 않으면 코어 수와 같습니다' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l config -d '설정 파일. 지정하지 않으면 첫 번째 경로의 상위 폴더에서 haechi.toml을 찾습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -s w -l write -d '기록할 파일. 지정하지 않으면 표준 출력으로 내보냅니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l all -d '기본으로 꺼져 있는 점검 항목까지 모두 실행합니다'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l no-ignore -d '.gitignore와 .ignore 파일이 제외한 파일도 검사합니다'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -f -a "show" -d '검사에 적용되는 설정을 출력합니다'
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d '설정 파일. 지정하지 않으면 첫 번째 경로의 상위 폴더에서 haechi.toml을 찾습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l origin -d '각 설정이 어디에서 왔는지 함께 표시합니다'
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand explain" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand explain" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand explain" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand explain" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand completions" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand completions" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand completions" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s r -l rules -d 'Falco 언어로 작성된 규칙 파일 또는 폴더. 여러 번 지정할 수 있으며 순서대로 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s o -l output -d '탐지 결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l source -d '이벤트의 종류. 지정하지 않으면 이벤트마다 판별합니다 [선택: syscall, k8s_audit, aws_cloudtrail, gcp_auditlog, okta, github, aws_vpcflow, aws_guardduty, aws_securityhub, aws_inspector, aws_config]' -r -f -a "syscall\t''
k8s_audit\t''
aws_cloudtrail\t''
gcp_auditlog\t''
okta\t''
github\t''
aws_vpcflow\t''
aws_guardduty\t''
aws_securityhub\t''
aws_inspector\t''
aws_config\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l min-priority -d '이보다 우선순위가 낮은 규칙은 제외합니다 [선택: Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug]' -r -f -a "Emergency\t''
Alert\t''
Critical\t''
Error\t''
Warning\t''
Notice\t''
Informational\t''
Debug\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l all -d '첫 번째 규칙만이 아니라 이벤트와 일치하는 모든 규칙을 알립니다'
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s f -l follow -d '마지막 파일의 끝에서 새 이벤트를 기다립니다'
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test explain" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test explain" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test explain" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test explain" -f -a "list" -d '규칙 파일의 규칙과 이를 변경하는 항목을 나열합니다'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test explain" -f -a "test" -d '규칙 파일을 읽고 오류와 의심스러운 점을 모두 알립니다'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test explain" -f -a "explain" -d '규칙이 이벤트와 일치하거나 일치하지 않는 이유를 조건별로 설명합니다'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -s o -l output -d '규칙 출력 형식 [선택: table, json] [기본값: table]' -r -f -a "table\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -s r -l rules -d 'Falco 언어로 작성된 규칙 파일 또는 폴더. 여러 번 지정할 수 있으며 순서대로 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l rule -d '이 이름의 규칙만 설명합니다' -r
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l source -d '이벤트의 종류. 지정하지 않으면 이벤트마다 판별합니다 [선택: syscall, k8s_audit, aws_cloudtrail, gcp_auditlog, okta, github, aws_vpcflow, aws_guardduty, aws_securityhub, aws_inspector, aws_config]' -r -f -a "syscall\t''
k8s_audit\t''
aws_cloudtrail\t''
gcp_auditlog\t''
okta\t''
github\t''
aws_vpcflow\t''
aws_guardduty\t''
aws_securityhub\t''
aws_inspector\t''
aws_config\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand checks" -s o -l output -d '결과 출력 형식 [선택: table, json] [기본값: table]' -r -f -a "table\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand checks" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand checks" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand checks" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "can-i" -d '주체가 작업을 수행할 수 있는지 API 서버와 동일하게 답합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "who-can" -d '작업을 수행할 수 있는 모든 주체를 나열합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "list" -d '주체가 가진 모든 권한을 나열합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "paths" -d '누군가가 더 큰 권한을 얻을 수 있는 경로를 찾습니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "threat-model" -d '클러스터의 위협 모델 문서를 작성합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "generate" -d '감사 로그에 나타난 작업만 허용하는 최소 역할을 만듭니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "unused" -d '부여되었지만 사용된 적 없는 권한을 나열합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "audit" -d 'cluster-admin이 될 수 있는 주체와 역할·바인딩의 문제를 알려 줍니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "diff" -d '두 덤프 사이에 각 주체가 얻고 잃은 권한을 알려 줍니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "matrix" -d '다른 네임스페이스에 접근할 수 있는 주체를 알려 줍니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s f -l file -d '역할, 바인딩, 워크로드가 담긴 파일이나 폴더, 또는 `-`. AWS CLI의 출력도 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s n -l namespace -d '네임스페이스. 지정하지 않으면 클러스터 전체' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l as -d '주체: 사용자 이름, group:NAME, sa:NAMESPACE/NAME' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l as-group -d '주체의 추가 그룹' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l authorization-mode -d 'API 서버의 인가 모드(플래그 값 그대로)' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s f -l file -d '역할, 바인딩, 워크로드가 담긴 파일이나 폴더, 또는 `-`. AWS CLI의 출력도 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s n -l namespace -d '네임스페이스. 지정하지 않으면 클러스터 전체' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s f -l file -d '역할, 바인딩, 워크로드가 담긴 파일이나 폴더, 또는 `-`. AWS CLI의 출력도 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s n -l namespace -d '네임스페이스. 지정하지 않으면 클러스터 전체' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -s f -l file -d '역할, 바인딩, 워크로드가 담긴 파일이나 폴더, 또는 `-`. AWS CLI의 출력도 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l from -d '공격자의 위치: 주체, internet, pod:NAMESPACE/NAME, node:NAME, cloud-role:ARN. 지정하지 않으면 모든 주체' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l to -d '목표: cluster-admin, node, secret:NAMESPACE/NAME, cloud-role, pod:NAMESPACE/NAME, 주체 [기본값: cluster-admin]' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -s o -l output -d '결과 출력 형식 [선택: text, json, dot, svg] [기본값: text]' -r -f -a "text\t''
json\t''
dot\t''
svg\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l exposed -d '인터넷에 노출된 워크로드에서 시작합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l cut -d '모든 경로를 차단하는 최소 변경도 알려 줍니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -s f -l file -d '역할, 바인딩, 워크로드가 담긴 파일이나 폴더, 또는 `-`. AWS CLI의 출력도 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l since -d '변경 사항을 비교할 이전 덤프' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -s o -l output -d '결과 출력 형식 [선택: markdown, html, json] [기본값: markdown]' -r -f -a "markdown\t''
html\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -s f -l file -d '현재 부여된 권한이 담긴 파일. 지정하면 그 범위를 넘는 역할을 만들지 않습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l audit -d 'API 서버의 감사 로그' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l name -d '역할 이름 [기본값: haechi-generated]' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -s o -l output -d '결과 출력 형식 [선택: yaml, json] [기본값: yaml]' -r -f -a "yaml\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l widen -d 'audit2rbac처럼 동사, 이름, 네임스페이스를 넓힙니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l include-refused -d '거부된 요청도 허용합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -s f -l file -d '현재 부여된 권한이 담긴 파일' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l audit -d 'API 서버의 감사 로그' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -s f -l file -d '역할, 바인딩, 워크로드가 담긴 파일이나 폴더, 또는 `-`. AWS CLI의 출력도 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -s h -l help -d '도움말 출력'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -s f -l file -d '역할, 바인딩, 워크로드가 담긴 파일이나 폴더, 또는 `-`. AWS CLI의 출력도 읽습니다' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -s o -l output -d '결과 출력 형식 [선택: text, json] [기본값: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l lang -d '출력 언어. 지정하지 않으면 로캘을 따릅니다 [선택: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l color -d '색상 사용 여부 [선택: auto, always, never] [기본값: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l whole -d '파일에 클러스터의 모든 역할과 바인딩이 들어 있는 것으로 봅니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l system -d '쿠버네티스 자체 주체도 포함합니다'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -s h -l help -d '도움말 출력'
